import type { AcceptedLink, OpenedLink, Reader } from '../../src/frp/links/link.ts'
import type { Clock } from '../../src/ports.ts'
import type { UdpSocket } from './udp-socket.ts'
import type { VirtualClock } from './virtual-clock.ts'
import { openedFor, type VirtualLink } from './virtual-link.ts'

/** A connection that came in, in the virtual network. */
export class VirtualAccepted implements AcceptedLink {
  readonly remote: { readonly host: string; readonly port: number }
  readonly local: { readonly host: string; readonly port: number }
  readonly tls: boolean
  readonly first: Buffer | null
  readonly #link: VirtualLink

  constructor(link: VirtualLink, tls: boolean, first: Buffer | null = null) {
    this.#link = link
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

  /** Waits for the first bytes, and hands on the same connection with them in `first`; null when there will be none. */
  sniff(tell: (accepted: VirtualAccepted | null) => void): void {
    this.#link.sniff((first) => tell(first === null ? null : new VirtualAccepted(this.#link, this.tls, first)))
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
  readonly ip: string
  /** What others see it come from: its own address, or its NAT's. */
  readonly outerIp: string
  inbound: Inbound
  /** Packets to and from elsewhere vanish. */
  blackHole = false
  /** Everything listening here answers with a refusal. */
  refusing = false
  readonly listeners = new Set<Listener>()
  readonly links = new Set<VirtualLink>()
  readonly udp = new Set<UdpSocket>()
  process: HostProcess
  #nextPort = 49_152

  constructor(name: string, ip: string, outerIp: string, inbound: Inbound, clock: VirtualClock) {
    this.name = name
    this.ip = ip
    this.outerIp = outerIp
    this.inbound = inbound
    this.process = new HostProcess(clock, 1)
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

/** One life of a node's process. What it set going does not outlive it. */
export class HostProcess {
  readonly clock: Clock
  readonly life: number
  readonly #timers = new Set<unknown>()
  readonly #world: VirtualClock
  #alive = true

  constructor(world: VirtualClock, life: number) {
    this.#world = world
    this.life = life
    this.clock = { now: world.now, wallMs: world.wallMs, setTimeout: this.#setTimeout, clearTimeout: this.#clearTimeout }
  }

  get isAlive(): boolean {
    return this.#alive
  }

  /** The promise, or one that never settles once the process is dead. */
  async own<T>(promise: Promise<T>): Promise<T> {
    const value = await promise
    return this.#alive ? value : new Promise<never>(() => {})
  }

  die(): void {
    this.#alive = false
    for (const timer of this.#timers) this.#world.clearTimeout(timer)
    this.#timers.clear()
  }

  readonly #setTimeout = (run: () => void, ms: number): unknown => {
    if (!this.#alive) return null
    const timer = this.#world.setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, ms)
    this.#timers.add(timer)
    return timer
  }

  readonly #clearTimeout = (timer: unknown): void => {
    this.#timers.delete(timer)
    this.#world.clearTimeout(timer)
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
