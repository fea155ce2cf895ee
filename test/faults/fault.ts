// What can befall a network, as data. Times in ms of the world; `forMs` is how long it lasts.

interface At {
  readonly atMs: number
}
interface Lasting extends At {
  readonly forMs: number
}
interface Between {
  readonly a: string
  readonly b: string
}
interface On {
  readonly host: string
}

export type Fault =
  /** Connections between the two are reset, new ones are told that there is no way. */
  | ({ readonly type: 'cut' } & Between & Lasting)
  /** Packets from a to b vanish. */
  | ({ readonly type: 'one-way' } & Between & Lasting)
  /** Packets vanish both ways. */
  | ({ readonly type: 'sever' } & Between & Lasting)
  /** As a cut (or `silent`: sever) between each of the hosts and everybody else. */
  | ({ readonly type: 'partition'; readonly hosts: readonly string[]; readonly silent: boolean } & Lasting)
  /** Every packet to and from the host vanishes. */
  | ({ readonly type: 'black-hole' } & On & Lasting)
  /** New connects to the host are refused. */
  | ({ readonly type: 'refuse' } & On & Lasting)
  | ({ readonly type: 'reset' } & Between & At)
  /** `share` of all packets of the network. */
  | ({ readonly type: 'lossy'; readonly share: number } & Lasting)
  /** Packets to the host vanish; it is heard. */
  | ({ readonly type: 'deaf' } & On & Lasting)
  /** Packets from the host vanish; it hears. */
  | ({ readonly type: 'mute' } & On & Lasting)
  /** `share` of packets, both ways. */
  | ({ readonly type: 'loss'; readonly share: number } & Between & Lasting)
  /** One way each way. */
  | ({ readonly type: 'slow'; readonly latencyMs: number } & Between & Lasting)
  | ({ readonly type: 'narrow'; readonly bytesPerMs: number } & Between & Lasting)
  /** The process is killed, and started again afterwards, `moved`: at another address. */
  | ({ readonly type: 'kill'; readonly moved: boolean } & On & Lasting)
  /** The node is stopped as a person stops it, and started again afterwards. */
  | ({ readonly type: 'stop' } & On & Lasting)
  /** Killed (or `goodbye`: stopped) for good. */
  | ({ readonly type: 'gone'; readonly goodbye: boolean } & On & At)
  /** Another address while it runs; behind a NAT, the NAT's. */
  | ({ readonly type: 'move' } & On & At)
  /** The process stands still. */
  | ({ readonly type: 'freeze' } & On & Lasting)
  /** The machine is suspended. */
  | ({ readonly type: 'sleep' } & On & Lasting)
  /** The wall clock is set, for good. */
  | ({ readonly type: 'clock'; readonly byMs: number } & On & At)
  /** Nothing can be written. */
  | ({ readonly type: 'full-disk' } & On & Lasting)

/** Whom it befalls; for a partition, those on one side; nobody in particular where it is the whole network. */
export function hostsOf(fault: Fault): readonly string[] {
  if ('a' in fault) return [fault.a, fault.b]
  if ('hosts' in fault) return fault.hosts
  return 'host' in fault ? [fault.host] : []
}

/** For people: `12.3 s cut ash birch for 4.5 s`. */
export function faultText(fault: Fault): string {
  const { type, atMs, ...rest } = fault
  const forMs = 'forMs' in rest ? ` for ${rest.forMs / 1_000} s` : ''
  const more = Object.entries(rest)
    .filter(([key]) => !['a', 'b', 'host', 'hosts', 'forMs'].includes(key))
    .map(([key, value]) => ` ${key}=${value}`)
  return `${atMs / 1_000} s ${type} ${hostsOf(fault).join(' ')}${more.join('')}${forMs}`
}
