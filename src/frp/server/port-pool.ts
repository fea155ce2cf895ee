// The ports a TURN hands out: who has which, which a proxy had before, and the order in which a free one is sought.
import type { FrpServerOptions, PortRange } from '../contract.ts'
import type { Leases } from './leases.ts'

export type PortPoolOptions = Pick<FrpServerOptions, 'clock' | 'bindHost' | 'ports' | 'allowPorts' | 'strangerPorts' | 'randomBytes'> & {
  readonly leases: Leases
  readonly kind: 'tcp' | 'udp'
}

/** For whom a port is sought, and for which of its proxies. */
export interface PortSeeker {
  readonly owner: string
  readonly isStranger: boolean
  readonly proxy: string
  /** The group that shares the port; empty: none. */
  readonly group: string
}

/** Opens a port, TCP or UDP; null when it can't be had. `address` is `host:port`. */
export type OpenPort = (address: string) => Promise<{ close(): Promise<void> } | null>

export interface HeldPort {
  readonly type: 'held'
  readonly port: number
  /** Settles once the port may be taken again. */
  release(): Promise<void>
}

/** `error` is frp's text, which scripts match on. */
export interface PortRefusal {
  readonly type: 'refused'
  readonly error: string
}

/** Ports tried for a client that names none, before `no available port`. If all are taken, others hold the whole range. */
const TRIES = 32
/** A prime, so that every port is tried once. Not 1, since a process that holds a port often holds the next ones too. */
const STRIDE = 1_009

export class PortPool {
  readonly #options: PortPoolOptions
  readonly #taken = new Set<number>()
  readonly #closing = new Map<number, Promise<void>>()

  constructor(options: PortPoolOptions) {
    this.#options = options
  }

  get takenCount(): number {
    return this.#taken.size
  }

  /** Why a port is refused without trying it: frp's text; null: it may be tried. */
  objection(port: number, seeker: PortSeeker): string | null {
    const { allowPorts, ports, strangerPorts = [ports], leases, kind, clock } = this.#options
    const isIn = (ranges: readonly PortRange[]): boolean => ranges.some(({ first, last }) => port >= first && port <= last)
    if (!isIn('first' in allowPorts ? [allowPorts] : allowPorts) || port < 1 || port > 65_535) return NOT_ALLOWED
    if (seeker.isStranger && !isIn(strangerPorts)) return NOT_ALLOWED
    if (leases.isOthers(kind, port, seeker, clock.now())) return 'port already used'
    return this.#taken.has(port) && !this.#closing.has(port) ? 'port already used' : null
  }

  /** Opens `wanted`, or a port of the pool's choosing when that is 0. */
  async acquire(seeker: PortSeeker, wanted: number, open: OpenPort): Promise<HeldPort | PortRefusal> {
    if (wanted === 0) return this.#acquireAny(seeker, open)
    await this.#closing.get(wanted)
    const error = this.objection(wanted, seeker)
    if (error !== null) return { type: 'refused', error }
    return (await this.#take(seeker, wanted, open)) ?? { type: 'refused', error: 'port unavailable' }
  }

  /** Settles once every port given back so far is free. */
  async settled(): Promise<void> {
    await Promise.all(this.#closing.values())
  }

  async #acquireAny(seeker: PortSeeker, open: OpenPort): Promise<HeldPort | PortRefusal> {
    const [before] = this.#before(seeker)
    if (before !== undefined) await this.#closing.get(before)
    for (const port of this.#candidates(seeker)) {
      if (this.#taken.has(port)) continue
      const held = await this.#take(seeker, port, open)
      if (held !== null) return held
    }
    return { type: 'refused', error: 'no available port' }
  }

  /** Those that the proxy had, then free ones from a random one on; last those that are kept for who is away. */
  #candidates(seeker: PortSeeker): readonly number[] {
    const { ports, clock, leases, kind, randomBytes } = this.#options
    const { first, last } = ports
    const count = last - first + 1
    if (count <= 0) return []
    const before = this.#before(seeker)
    const start = Buffer.from(randomBytes(4)).readUInt32BE(0) % count
    const stride = count % STRIDE === 0 ? 1 : STRIDE
    const fresh: number[] = []
    for (let step = 0; step < count && fresh.length < TRIES; step++) {
      const port = first + ((start + step * stride) % count)
      if (!this.#taken.has(port) && leases.holder(kind, port, clock.now()) === null) fresh.push(port)
    }
    const kept =
      fresh.length === 0
        ? leases
            .away(kind, seeker.isStranger, clock.now())
            .map(Number)
            .filter((port) => this.#isIn(port))
        : []
    return [...before, ...fresh, ...kept].slice(0, TRIES)
  }

  #before({ owner, proxy }: PortSeeker): readonly number[] {
    const { leases, kind, clock } = this.#options
    return leases.portsOf(kind, owner, proxy, clock.now()).filter((port) => this.#isIn(port))
  }

  #isIn(port: number): boolean {
    const { first, last } = this.#options.ports
    return port >= first && port <= last
  }

  async #take(seeker: PortSeeker, port: number, open: OpenPort): Promise<HeldPort | null> {
    const { bindHost, leases, kind, clock } = this.#options
    this.#taken.add(port)
    const host = bindHost.includes(':') && !bindHost.startsWith('[') ? `[${bindHost}]` : bindHost
    const listening = await open(`${host}:${port}`)
    if (listening === null) {
      this.#taken.delete(port)
      return null
    }
    leases.take(kind, port, seeker)
    let released: Promise<void> | null = null
    const release = (): Promise<void> => {
      if (released === null) leases.leave(kind, port, seeker.owner, clock.now())
      released ??= listening.close().then(() => {
        this.#taken.delete(port)
        this.#closing.delete(port)
      })
      if (this.#taken.has(port)) this.#closing.set(port, released)
      return released
    }
    return { type: 'held', port, release }
  }
}

const NOT_ALLOWED = 'port not allowed'
