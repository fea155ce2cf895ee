import { isIP } from 'node:net'
import type { DatagramPort } from '../../src/frp/contract.ts'
import type { OpenedLink } from '../../src/frp/links/link.ts'
import type { DialOptions, Failure, Listening, Network } from '../../src/ports.ts'
import { SeededRandom, seedFor } from './chance.ts'
import type { HostProcess } from './host-process.ts'
import { DEFAULT_ROUTE, Route, type RouteFacts } from './route.ts'
import { UdpSocket } from './udp-socket.ts'
import type { VirtualClock } from './virtual-clock.ts'
import { type Inbound, isAnyHost, type Listener, VirtualAccepted, VirtualHost } from './virtual-host.ts'
import { joinLinks, openedFor, VirtualLink } from './virtual-link.ts'

/** What UDP over IPv4 carries. */
const MOST_DATAGRAM_BYTES = 65_507
const LOOPBACK: Readonly<RouteFacts> = { ...DEFAULT_ROUTE, latencyMs: 0.05 }
/** A connect is tried again after 1 s, then twice that … */
const FIRST_SYN_RETRY_MS = 1_000

export interface HostOptions {
  /** No connect from outside reaches it; others see its NAT's address. `refuses`: the NAT answers them, instead of silence. */
  readonly behindNat?: boolean | 'refuses'
  /** As in `VirtualHost`. */
  readonly waitedShare?: number
}

/** Ports of one life of one host, with links whose first bytes can be looked at. */
export interface HostNetwork extends Network {
  listen(address: string, onLink: (accepted: VirtualAccepted) => void): Promise<Listening | Failure>
}

/** Hosts that reach one another over routes. All that happens is a timer of the one clock. */
export class VirtualNetwork {
  readonly clock: VirtualClock
  /** What a new route is like. */
  readonly defaults: RouteFacts = { ...DEFAULT_ROUTE }
  /** Share of packets lost on every route between two hosts, where that one does not lose more. */
  lossEverywhere = 0
  /** One way, in ms, of a new route between two hosts. Default: as `defaults` has it. */
  latencyBetween: (from: string, to: string) => number = () => this.defaults.latencyMs
  /** Told of each connect that got an answer and each host that died or rose, for traces. */
  onHappening: (text: string) => void = () => {}
  readonly #seed: number
  #moves = 0
  readonly #hosts = new Map<string, VirtualHost>()
  readonly #byAddress = new Map<string, VirtualHost>()
  readonly #routes = new Map<string, Route>()

  constructor(clock: VirtualClock, seed = 1) {
    this.clock = clock
    this.#seed = seed
  }

  /** The host of that name; made on first use as 10.0.0.1, 10.0.0.2 …, or behind a NAT as 192.168.N.2 seen as 100.64.0.N. */
  host(name: string, { behindNat = false, waitedShare = 0 }: HostOptions = {}): VirtualHost {
    const known = this.#hosts.get(name)
    if (known) return known
    const count = this.#hosts.size + 1
    if (count > 60_000) throw new Error('no address left')
    const [high, low] = [count >> 8, count & 255]
    const inbound: Inbound = behindNat === false ? 'open' : behindNat === 'refuses' ? 'refused' : 'dropped'
    const ip = inbound === 'open' ? `10.0.${high}.${low}` : `192.168.${count & 255}.2`
    const outerIp = inbound === 'open' ? ip : `100.64.${high}.${low}`
    const host = new VirtualHost(name, ip, outerIp, inbound, this.clock)
    host.waitedShare = waitedShare
    this.#hosts.set(name, host)
    this.#byAddress.set(outerIp, host)
    return host
  }

  /** One direction between two hosts, to read and to change. */
  route(from: string, to: string): Route {
    const key = `${from}>${to}`
    const known = this.#routes.get(key)
    if (known) return known
    const [source, target] = [this.host(from), this.host(to)]
    const route =
      source === target
        ? new Route(LOOPBACK, new SeededRandom(0), () => false)
        : new Route(
            { ...this.defaults, latencyMs: this.latencyBetween(from, to) },
            new SeededRandom(seedFor(this.#seed, key)),
            () => source.mute || target.deaf || source.isSilent || target.isSilent || source.side !== target.side,
            () => this.lossEverywhere,
          )
    this.#routes.set(key, route)
    return route
  }

  /** Ends each connection between the two as if a reset had come in at both ends. */
  resetBetween(a: string, b: string): void {
    const [one, other] = [this.host(a), this.host(b)]
    for (const link of [...one.links]) if (other.isAt(link.remoteAddress) && one !== other) link.fail('ECONNRESET')
    for (const link of [...other.links]) if (one.isAt(link.remoteAddress) && one !== other) link.fail('ECONNRESET')
  }

  /** The process dies: its ports close, its connections are reset, nothing of it runs on. The machine stays. */
  kill(name: string): void {
    const host = this.host(name)
    host.process.die()
    host.listeners.clear()
    host.udp.clear()
    for (const link of [...host.links]) link.abandon()
    this.onHappening(`${this.clock.now()} ${name} killed`)
  }

  /** A new process on the machine, if the last one died. */
  revive(name: string): HostProcess {
    const host = this.host(name)
    if (host.process.isAlive) return host.process
    host.revive()
    this.onHappening(`${this.clock.now()} ${name} risen`)
    return host.process
  }

  /**
   * The host gets an address that nobody had before; behind a NAT the NAT gets it. Connections are not told: what is sent on
   * them in either direction is lost from now on. Ports opened on all addresses are open on the new one.
   */
  move(name: string): void {
    const host = this.host(name)
    this.#byAddress.delete(host.outerIp)
    const count = ++this.#moves
    const [high, low] = [count >> 8, count & 255]
    host.outerIp = host.inbound === 'open' ? `10.1.${high}.${low}` : `100.65.${high}.${low}`
    if (host.inbound === 'open') host.ip = host.outerIp
    host.moves++
    this.#byAddress.set(host.outerIp, host)
    this.onHappening(`${this.clock.now()} ${name} moved to ${host.outerIp}`)
  }

  /** The process stands still: no timer of it runs, and what arrives waits for it in its machine. */
  freeze(name: string): void {
    this.host(name).process.freeze('frozen')
  }

  /** The machine is suspended: its process stands still, its monotonic clock too, and packets to it are lost. */
  sleep(name: string): void {
    const host = this.host(name)
    host.asleep = true
    host.process.freeze('asleep')
  }

  /** Ends either. Overdue timers run first, then what was kept. */
  thaw(name: string): void {
    const host = this.host(name)
    host.asleep = false
    host.process.thaw()
  }

  /** The host's wall clock is set forward, or back; the monotonic one goes on. */
  setWallClock(name: string, byMs: number): void {
    this.host(name).wallAheadMs += byMs
  }

  /** The network port for what now runs on that host. */
  network(name: string): HostNetwork {
    const host = this.host(name)
    const life = host.process
    return {
      dial: (address, options) => life.own(life.isAlive ? this.#dialAdmitted(host, life, address, options) : new Promise<never>(() => {})),
      listen: (address, onLink) => life.own(Promise.resolve(life.isAlive ? this.#listen(host, address, onLink) : denied)),
      openDatagrams: (address, onDatagram) =>
        life.own(Promise.resolve(life.isAlive ? this.#openDatagrams(host, address, onDatagram) : denied)),
      ownHosts: () => [host.ip],
    }
  }

  #listen(host: VirtualHost, address: string, onLink: Listener['onLink']): Listening | Failure {
    const at = bindingOf(host, address)
    if ('type' in at) return at
    const { bindHost } = at
    const port = at.port === 0 ? host.freePort() : at.port
    if (host.isTaken(bindHost, port)) return failed('in-use', `port ${port} is in use`)
    const listener: Listener = { bindHost, port, onLink, links: new Set() }
    host.listeners.add(listener)
    const close = (): Promise<void> => {
      host.listeners.delete(listener)
      for (const link of [...listener.links]) link.destroy()
      return Promise.resolve()
    }
    return { type: 'listening', host: at.host, port, close }
  }

  #openDatagrams(host: VirtualHost, address: string, onDatagram: UdpSocket['onDatagram']): DatagramPort | Failure {
    const at = bindingOf(host, address)
    if ('type' in at) return at
    const port = at.port === 0 ? host.freeUdpPort() : at.port
    if (host.isUdpTaken(at.bindHost, port)) return failed('in-use', `port ${port} is in use`)
    const { process } = host
    const socket = new UdpSocket(at.bindHost, port, (bytes, from) => process.whenRunning(() => onDatagram(bytes, from)))
    host.udp.add(socket)
    return {
      type: 'open',
      port,
      send: (bytes, to) => {
        if (host.udp.has(socket) && bytes.length <= MOST_DATAGRAM_BYTES) this.#sendDatagram(host, socket, Buffer.from(bytes), to)
      },
      close: () => {
        host.udp.delete(socket)
        return Promise.resolve()
      },
    }
  }

  #sendDatagram(from: VirtualHost, socket: UdpSocket, bytes: Buffer, to: { readonly host: string; readonly port: number }): void {
    const target = this.#find(from, to.host)
    if (target === null || target === 'nowhere') return
    const isLoop = from === target && isLoopback(to.host)
    if (socket.bindHost === '127.0.0.1' && !isLoop) return
    const ip = isLoop ? '127.0.0.1' : target.ip
    const source = { host: isLoop ? ip : from === target ? from.ip : from.outerIp, port: socket.port }
    socket.spokenTo.add(`${isLoop ? ip : target.outerIp} ${to.port}`)
    const route = this.route(from.name, target.name)
    const { moves } = target
    const deliver = () => {
      if (route.loses() || target.refusing || (target.moves !== moves && !isLoop)) return
      const there = target.udpFor(ip, to.port)
      // A NAT lets in only what comes from where its host has sent to.
      const isLetIn = from === target || target.inbound === 'open' || there?.spokenTo.has(`${source.host} ${source.port}`)
      if (isLetIn) there?.onDatagram(bytes, source)
    }
    this.clock.setTimeout(deliver, route.arrivalMs(this.clock.now(), bytes.length) - this.clock.now())
  }

  async #dialAdmitted(from: VirtualHost, life: HostProcess, address: string, options: DialOptions): Promise<OpenedLink | Failure> {
    const named = splitAddress(address)?.host ?? ''
    const target = this.#find(from, named)
    const ip = isIP(named) !== 0 || target === null || target === 'nowhere' ? named : target.outerIp
    const refusal = options.admit ? await options.admit(ip) : null
    return refusal ?? this.#dial(from, life, address, options)
  }

  #dial(from: VirtualHost, life: HostProcess, address: string, options: DialOptions): Promise<OpenedLink | Failure> {
    const { timeoutMs, signal, tls, reader } = options
    const at = splitAddress(address)
    if (at === null) return Promise.resolve(failed('unreachable', `${address} is no address`))
    if (signal?.aborted) return Promise.resolve(failed('aborted', 'given up'))
    const target = this.#find(from, at.host)
    if (target === null) return Promise.resolve(failed('unreachable', `nobody knows ${at.host}`))
    const clock = this.clock
    return new Promise((resolve) => {
      const timers: unknown[] = []
      let near: VirtualLink | null = null
      let isOver = false
      const stop = () => {
        isOver = true
        for (const timer of timers) clock.clearTimeout(timer)
        life.clock.clearTimeout(timeout)
        signal?.removeEventListener('abort', onAbort)
        outlive()
      }
      const finish = (answer: OpenedLink | Failure) => {
        if (isOver) return
        stop()
        if ('type' in answer) near?.destroy()
        this.onHappening(`${clock.now()} ${from.name} > ${address} ${'type' in answer ? answer.reason : 'connected'}`)
        resolve(answer)
      }
      const onAbort = () => finish(failed('aborted', 'given up'))
      const outlive = life.onDeath(stop)
      signal?.addEventListener('abort', onAbort)
      const timeout = life.clock.setTimeout(() => finish(failed('timeout', `no answer within ${timeoutMs} ms`)), timeoutMs)
      if (target === 'nowhere') return
      const carries = carrier(from, target, at.host)
      const there = this.route(from.name, target.name)
      const back = this.route(target.name, from.name)
      const wait = (run: () => void, ms: number) => timers.push(clock.setTimeout(run, ms))
      const later = (answer: () => OpenedLink | Failure) => life.whenRunning(() => finish(answer()))
      const open = (listener: Listener, ip: string) => {
        const link = this.#connect(from, target, listener, { port: at.port, ip, tls: tls !== undefined, carries })
        near = link
        link.onLost = () => finish(failed('reset', 'connection reset'))
        // A TLS handshake is one more round trip; what it says is not acted out.
        if (tls === undefined) later(() => openedFor(link, reader))
        else wait(() => later(() => openedFor(link, reader)), there.latencyMs + back.latencyMs)
      }
      const knock = (retryMs: number) => {
        if (there.state === 'unreachable') wait(() => later(() => failed('unreachable', 'no route to that host')), 0.1)
        wait(() => knock(retryMs * 2), retryMs)
        wait(() => {
          const isLocal = from === target
          if (near !== null || !carries() || there.loses() || (!isLocal && target.inbound === 'dropped')) return
          const ip = isLocal && isLoopback(at.host) ? '127.0.0.1' : target.ip
          const listener = target.refusing || (!isLocal && target.inbound === 'refused') ? null : target.listenerFor(ip, at.port)
          const answer = () => {
            if (near !== null || !carries() || back.loses()) return
            if (listener === null || !target.listeners.has(listener)) later(() => failed('refused', 'connection refused'))
            else open(listener, ip)
          }
          wait(answer, back.arrivalMs(clock.now(), 0) - clock.now())
        }, there.arrivalMs(clock.now(), 0) - clock.now())
      }
      knock(FIRST_SYN_RETRY_MS)
    })
  }

  #connect(
    from: VirtualHost,
    to: VirtualHost,
    listener: Listener,
    { port, ip, tls, carries }: { readonly port: number; readonly ip: string; readonly tls: boolean; readonly carries: () => boolean },
  ): VirtualLink {
    const isLoop = ip === '127.0.0.1'
    const nearAt = { host: isLoop ? ip : from.ip, port: from.freePort() }
    const farAt = { host: isLoop ? ip : from === to ? from.ip : from.outerIp, port: nearAt.port }
    const near = new VirtualLink(nearAt, { host: isLoop ? ip : to.outerIp, port }, from.process)
    const far = new VirtualLink({ host: ip, port }, farAt, to.process)
    from.links.add(near)
    to.links.add(far)
    listener.links.add(far)
    near.onGone = () => from.links.delete(near)
    far.onGone = () => {
      to.links.delete(far)
      listener.links.delete(far)
    }
    far.onOpened = () => {
      if (to.listeners.has(listener)) listener.onLink(new VirtualAccepted(far, tls))
      else far.abandon()
    }
    const [there, back] = [this.route(from.name, to.name), this.route(to.name, from.name)]
    joinLinks(this.clock, near, far, { there, back, carries }).open()
    return near
  }

  /** `nowhere`: an address nobody has, so nothing ever answers; null: a name nobody has. */
  #find(from: VirtualHost, host: string): VirtualHost | 'nowhere' | null {
    if (isLoopback(host) || host === from.ip || host === from.name) return from
    const known = isIP(host) === 0 ? this.#hosts.get(host) : this.#byAddress.get(host)
    if (known === from) return 'nowhere' // a NAT that does not turn its own traffic round
    return known ?? (isIP(host) === 0 ? null : 'nowhere')
  }
}

export const failed = (reason: Failure['reason'], text: string): Failure => ({ type: 'failed', reason, text })

const denied = failed('denied', 'this process is no more')

/** Whether both hosts still have the addresses that a connection began with; a machine's own loopback never changes. */
function carrier(from: VirtualHost, to: VirtualHost, host: string): () => boolean {
  if (from === to && isLoopback(host)) return () => true
  const [fromMoves, toMoves] = [from.moves, to.moves]
  return () => from.moves === fromMoves && to.moves === toMoves
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\./.test(host)

/** Where a host is to listen; the failure when that is none of its addresses. */
function bindingOf(
  host: VirtualHost,
  address: string,
): { readonly host: string; readonly bindHost: string; readonly port: number } | Failure {
  const at = splitAddress(address)
  if (at === null) return failed('unreachable', `${address} is no address`)
  const bindHost = at.host === 'localhost' || at.host === '::1' ? '127.0.0.1' : at.host === host.name ? host.ip : at.host
  if (isAnyHost(bindHost) || bindHost === '127.0.0.1' || bindHost === host.ip) return { ...at, bindHost }
  return failed('unreachable', `${at.host} is not an address of this machine`)
}

function splitAddress(address: string): { readonly host: string; readonly port: number } | null {
  const parts = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(address)
  const port = Number(parts?.[3])
  return parts && port <= 65_535 ? { host: parts[1] ?? parts[2] ?? '', port } : null
}
