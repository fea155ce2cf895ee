// The ports a TURN hands out: who has which, which a name had before, and the order in which a free one is sought.
import type { FrpServerOptions } from '../contract.ts'

export type PortPoolOptions = Pick<FrpServerOptions, 'clock' | 'bindHost' | 'ports' | 'allowPorts' | 'randomBytes'>

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

/** For how long a name gets the port again that it had; frp's figure. */
const REMEMBERED_MS = 24 * 3_600_000
const REMEMBERED_NAMES = 4_096
/** Ports tried for a client that names none, before `no available port`. If all are taken, others hold the whole range. */
const TRIES = 32
/** A prime, so that every port is tried once. Not 1, since a process that holds a port often holds the next ones too. */
const STRIDE = 1_009

export class PortPool {
  readonly #options: PortPoolOptions
  readonly #taken = new Set<number>()
  readonly #closing = new Map<number, Promise<void>>()
  readonly #remembered = new Map<string, { readonly port: number; readonly atMs: number }>()

  constructor(options: PortPoolOptions) {
    this.#options = options
  }

  get takenCount(): number {
    return this.#taken.size
  }

  /** Why a port is refused without trying it: frp's text; null: it may be tried. */
  objection(port: number): string | null {
    const { allowPorts } = this.#options
    const ranges = 'first' in allowPorts ? [allowPorts] : allowPorts
    const allowed = ranges.some(({ first, last }) => port >= first && port <= last)
    if (!allowed || port < 1 || port > 65_535) return 'port not allowed'
    return this.#taken.has(port) && !this.#closing.has(port) ? 'port already used' : null
  }

  /** Opens `wanted`, or a port of the pool's choosing when that is 0. */
  async acquire(name: string, wanted: number, open: OpenPort): Promise<HeldPort | PortRefusal> {
    if (wanted === 0) return this.#acquireAny(name, open)
    await this.#closing.get(wanted)
    const error = this.objection(wanted)
    if (error !== null) return { type: 'refused', error }
    return (await this.#take(name, wanted, open)) ?? { type: 'refused', error: 'port unavailable' }
  }

  /** Settles once every port given back so far is free. */
  async settled(): Promise<void> {
    await Promise.all(this.#closing.values())
  }

  async #acquireAny(name: string, open: OpenPort): Promise<HeldPort | PortRefusal> {
    const before = this.#recall(name)
    if (before !== null) await this.#closing.get(before)
    for (const port of this.#candidates(name)) {
      if (this.#taken.has(port)) continue
      const held = await this.#take(name, port, open)
      if (held !== null) return held
    }
    return { type: 'refused', error: 'no available port' }
  }

  /** The port that the name had, then free ones from a random one on; last those that other names had. */
  #candidates(name: string): readonly number[] {
    const { first, last } = this.#options.ports
    const count = last - first + 1
    if (count <= 0) return []
    const before = this.#recall(name)
    const kept = new Set([...this.#remembered.values()].map(({ port }) => port))
    const start = Buffer.from(this.#options.randomBytes(4)).readUInt32BE(0) % count
    const stride = count % STRIDE === 0 ? 1 : STRIDE
    const fresh: number[] = []
    const others: number[] = []
    for (let step = 0; step < count && fresh.length < TRIES; step++) {
      const port = first + ((start + step * stride) % count)
      if (this.#taken.has(port) || port === before) continue
      ;(kept.has(port) ? others : fresh).push(port)
    }
    return [...(before === null ? [] : [before]), ...fresh, ...others].slice(0, TRIES)
  }

  #recall(name: string): number | null {
    const { port, atMs } = this.#remembered.get(name) ?? { port: 0, atMs: Number.NEGATIVE_INFINITY }
    const { first, last } = this.#options.ports
    return this.#options.clock.now() - atMs <= REMEMBERED_MS && port >= first && port <= last ? port : null
  }

  #remember(name: string, port: number): void {
    this.#remembered.delete(name)
    this.#remembered.set(name, { port, atMs: this.#options.clock.now() })
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= REMEMBERED_NAMES) break
      this.#remembered.delete(oldest)
    }
  }

  async #take(name: string, port: number, open: OpenPort): Promise<HeldPort | null> {
    this.#taken.add(port)
    const { bindHost } = this.#options
    const host = bindHost.includes(':') && !bindHost.startsWith('[') ? `[${bindHost}]` : bindHost
    const listening = await open(`${host}:${port}`)
    if (listening === null) {
      this.#taken.delete(port)
      return null
    }
    this.#remember(name, port)
    let released: Promise<void> | null = null
    const release = (): Promise<void> => {
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
