import type { AcceptedLink, OpenedLink, Reader } from '../../src/frp/links/link.ts'
import { HostProcess } from './host-process.ts'
import type { UdpSocket } from './udp-socket.ts'
import type { VirtualClock } from './virtual-clock.ts'
import { openedFor, type VirtualLink } from './virtual-link.ts'

/** A connection that came in, in the virtual network. */
export class VirtualAccepted implements AcceptedLink {
  readonly remote: { readonly host: string; readonly port: number }
  readonly local: { readonly host: string; readonly port: number }
  readonly tls: boolean
  readonly first: Buffer | null
  readonly member?: string
  readonly #link: VirtualLink

  constructor(link: VirtualLink, tls: boolean, first: Buffer | null = null, member?: string) {
    this.#link = link
    if (member !== undefined) this.member = member
    this.tls = tls
    this.first = first
    this.remote = { host: link.remoteAddress, port: link.remotePort }
    this.local = { host: link.localAddress, port: link.localPort }
  }

  readonly open = (reader: Reader | null): OpenedLink => {
    const opened = openedFor(this.#link, reader)
    this.#link.on('error', () => {}).resume()
    return opened
  }

  readonly refuse = (): void => {
    this.#link.destroy()
  }

  /**
   * Waits for the first bytes, and hands on the same connection with them in `first`; null when there will be none. `member`: who is
   * at the other end.
   */
  sniff(tell: (accepted: VirtualAccepted | null) => void, member?: string): void {
    this.#link.sniff((first) => tell(first === null ? null : new VirtualAccepted(this.#link, this.tls, first, member)))
  }

  say(bytes: Buffer): void {
    this.#link.on('error', () => {}).write(bytes)
  }
}

export interface Listener {
  readonly bindHost: string
  readonly port: number
  readonly onLink: (accepted: VirtualAccepted) => void
  readonly links: Set<VirtualLink>
}

/** How connects from elsewhere fare. */
export type Inbound = 'open' | 'dropped' | 'refused'

/** A machine: its addresses, its open ports, and the process that lives on it. */
export class VirtualHost {
  readonly name: string
  /** Changed by `VirtualNetwork.move` alone. */
  ip: string
  /** What others see it come from: its own address, or its NAT's. */
  outerIp: string
  /** Counts its changes of address. What was connected before the last one is cut off. */
  moves = 0
  inbound: Inbound
  /** Packets to and from elsewhere vanish. */
  blackHole = false
  /** Packets to it from elsewhere vanish; those from it to elsewhere. */
  deaf = false
  mute = false
  /** Packets between hosts on different sides vanish. */
  side = 0
  /** The machine is suspended: as a black hole, and its process stands still. */
  asleep = false
  /** How far its wall clock is ahead. */
  wallAheadMs = 0
  /** Of its time, 0 to 1, what runs on it waits for a processor. Nothing is slower for it here: what runs is told so, and no more. */
  waitedShare = 0
  /** Everything listening here answers with a refusal. */
  refusing = false
  readonly listeners = new Set<Listener>()
  readonly links = new Set<VirtualLink>()
  readonly udp = new Set<UdpSocket>()
  process: HostProcess
  readonly #clock: VirtualClock
  #nextPort = 49_152

  constructor(name: string, ip: string, outerIp: string, inbound: Inbound, clock: VirtualClock) {
    this.name = name
    this.ip = ip
    this.outerIp = outerIp
    this.inbound = inbound
    this.#clock = clock
    this.process = this.#born(1)
  }

  /** No packet gets in or out. */
  get isSilent(): boolean {
    return this.blackHole || this.asleep
  }

  /** A new process, after the last one's death. */
  revive(): void {
    this.process = this.#born(this.process.life + 1)
    if (this.asleep) this.process.freeze('asleep')
  }

  #born(life: number): HostProcess {
    return new HostProcess(this.#clock, life, {
      wallMs: () => this.#clock.wallMs() + this.wallAheadMs,
      waitedShare: () => this.waitedShare,
    })
  }

  readonly isAt = (ip: string): boolean => ip === this.ip || ip === this.outerIp

  /** A port nobody listens on. */
  freePort(): number {
    return this.#freePort(this.listeners)
  }

  freeUdpPort(): number {
    return this.#freePort(this.udp)
  }

  #freePort(taken: Iterable<{ readonly port: number }>): number {
    for (let tries = 0; tries < 16_384; tries++) {
      const port = this.#nextPort
      this.#nextPort = port === 65_535 ? 49_152 : port + 1
      if (![...taken].some((one) => one.port === port)) return port
    }
    throw new Error(`${this.name} has no port left`)
  }

  listenerFor(ip: string, port: number): Listener | null {
    return boundAt(this.listeners, ip, port)
  }

  udpFor(ip: string, port: number): UdpSocket | null {
    return boundAt(this.udp, ip, port)
  }

  isTaken(bindHost: string, port: number): boolean {
    return isBound(this.listeners, bindHost, port)
  }

  isUdpTaken(bindHost: string, port: number): boolean {
    return isBound(this.udp, bindHost, port)
  }
}

interface Bound {
  readonly bindHost: string
  readonly port: number
}

function boundAt<T extends Bound>(all: Iterable<T>, ip: string, port: number): T | null {
  for (const one of all) if (one.port === port && (isAnyHost(one.bindHost) || one.bindHost === ip)) return one
  return null
}

const isBound = (all: Iterable<Bound>, bindHost: string, port: number): boolean =>
  [...all].some((one) => one.port === port && (isAnyHost(bindHost) || isAnyHost(one.bindHost) || one.bindHost === bindHost))

export const isAnyHost = (host: string): boolean => host === '0.0.0.0' || host === '::' || host === ''
