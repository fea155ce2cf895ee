// One logged-in client at the TURN's end: its control channel, its proxies and its work connections.
import { throwBug } from '../bugs.ts'
import type { FrpServerOptions } from '../contract.ts'
import { bucketFor, limitObjection } from '../meters/bandwidth-limit.ts'
import type { ProxyFigures, ProxyMeter } from '../meters/proxy-meter.ts'
import { Traffic } from '../meters/traffic.ts'
import type { MuxStream } from '../mux/mux-contract.ts'
import { ControlChannel } from '../wire/control-channel.ts'
import { controlCipher } from '../wire/control-cipher.ts'
import { datagramsIn } from '../wire/datagram-size.ts'
import type { Message, MessageOf } from '../wire/messages.ts'
import type { Wire } from '../wire/wire.ts'
import type { ClientOwner } from './client-owner.ts'
import type { PortPool } from './port-pool.ts'
import { type ServerProxy, type ServerProxyOptions, ServerTcpProxy } from './server-proxy.ts'
import { ServerUdpProxy } from './server-udp-proxy.ts'
import { openVhostProxy, ServerVhostProxy } from './server-vhost-proxy.ts'
import type { SessionClaims } from './session-claims.ts'
import type { TcpGroups } from './tcp-groups.ts'
import { type IdleWork, WorkPool } from './work-pool.ts'

export interface ServerSessionOptions {
  readonly server: FrpServerOptions
  readonly id: number
  readonly runId: string
  readonly login: MessageOf<'login'>
  readonly control: MuxStream
  readonly wire: Wire
  /** The hash of wire v2's hellos; null on v1. */
  readonly transcript: Buffer | null
  /** No mux: only the client's pings show that it lives. */
  readonly mux: boolean
  readonly ports: { readonly tcp: PortPool; readonly udp: PortPool }
  readonly groups: TcpGroups
  readonly claims: SessionClaims
  /** A proxy is closed: what it carried in all. */
  readonly onProxyEnded: (figures: ProxyFigures) => void
  /** The session wants to end; the owner ends it. */
  readonly onFail: (why: string) => void
}

export interface ServerSessionFigures {
  readonly session: number
  readonly runId: string
  /** Its proven id; null: there is none. */
  readonly member: string | null
  readonly peerIsOurs: boolean
  readonly idleWork: number
  readonly waitingUsers: number
  readonly proxies: readonly CarriedProxy[]
}

/** A proxy that is open, and its meter, which is the same as long as it is. */
export interface CarriedProxy {
  readonly name: string
  readonly kind: ServerProxy['kind']
  readonly port: number
  readonly meter: ProxyMeter
}

/** frp's figure; without mux only. */
const HEARTBEAT_TIMEOUT_MS = 90_000
/** Longest name: it must fit into our answer twice, escaped. */
const MAX_NAME_BYTES = 512
/** Control messages a client may send in one go, and per second in the long run. */
const BURST = 4_096
const MESSAGES_PER_SECOND = 50

export class ServerSession {
  readonly id: number
  readonly runId: string
  readonly peerIsOurs: boolean
  readonly traffic: Traffic
  readonly #options: ServerSessionOptions
  readonly #control: ControlChannel
  readonly #pool: WorkPool
  readonly #proxies = new Map<string, ServerProxy>()
  #queue: Promise<void> = Promise.resolve()
  #budget = BURST
  #budgetAt: number
  #heartbeat: unknown = null
  #closing: Promise<void> | null = null

  constructor(options: ServerSessionOptions) {
    const { server, login } = options
    this.#options = options
    this.id = options.id
    this.runId = options.runId
    this.peerIsOurs = 'moonwalk' in login.metas
    this.#budgetAt = server.clock.now()
    this.traffic = new Traffic({ clock: server.clock, receivedIs: 'out', onEnd: options.onProxyEnded })
    this.#control = new ControlChannel(options.control, {
      clock: server.clock,
      wire: options.wire,
      cipher: controlCipher({
        token: options.claims.owner.token,
        randomBytes: server.randomBytes,
        transcript: options.transcript,
        client: false,
      }),
      onMessage: (message) => this.#receive(message),
      onFail: (why) => options.onFail(why),
    })
    this.#pool = new WorkPool({
      clock: server.clock,
      poolCount: Math.max(0, Math.min(login.poolCount, server.maxPoolCount)),
      ask: () => this.#control.send({ type: 'reqWorkConn' }),
    })
  }

  get owner(): ClientOwner {
    return this.#options.claims.owner
  }

  /** LoginResp is sent: asks for work connections and listens. */
  start(rest: Buffer | null): void {
    this.#expectPing()
    this.#pool.start()
    this.#control.start(rest)
  }

  /** False: more are idle than the client may keep here. */
  addWork(work: IdleWork): boolean {
    return this.#pool.add(work)
  }

  get figures(): ServerSessionFigures {
    const { id, runId, peerIsOurs, traffic } = this
    const open = [...this.#proxies.values()].filter(({ port }) => port !== 0)
    return {
      session: id,
      runId,
      member: this.owner.member,
      peerIsOurs,
      idleWork: this.#pool.idleCount,
      waitingUsers: this.#pool.waitingCount,
      proxies: open.map(({ name, kind, port }) => ({ name, kind, port, meter: traffic.meter(name) })),
    }
  }

  /** Ends everything but the connection, which is the owner's; settles once every port is free. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#control.stop()
    if (this.#heartbeat !== null) this.#options.server.clock.clearTimeout(this.#heartbeat)
    this.#pool.close()
    this.traffic.endAll()
    await Promise.all([...this.#proxies.values()].map((proxy) => this.#closeProxy(proxy)))
    await this.#queue // a port may just be opening
  }

  #receive(message: Message): void {
    if (!this.#withinBudget()) return this.#options.onFail('too many control messages')
    switch (message.type) {
      case 'ping':
        this.#expectPing()
        return this.#control.send({ type: 'pong' })
      case 'newProxy':
        return this.#inTurn(() => this.#openProxy(message))
      case 'closeProxy':
        return this.#inTurn(() => this.#closeProxy(this.#proxies.get(message.proxyName)))
      default:
        return
    }
  }

  /** Once those before it are through. A bug in one does not keep the next from its turn. */
  #inTurn(run: () => Promise<void>): void {
    this.#queue = this.#queue.then(run).catch(this.#options.server.onBug ?? throwBug)
  }

  #withinBudget(): boolean {
    const now = this.#options.server.clock.now()
    this.#budget = Math.min(BURST, this.#budget + ((now - this.#budgetAt) / 1000) * MESSAGES_PER_SECOND)
    this.#budgetAt = now
    return --this.#budget >= 0
  }

  #expectPing(): void {
    if (this.#options.mux) return
    const { clock } = this.#options.server
    if (this.#heartbeat !== null) clock.clearTimeout(this.#heartbeat)
    this.#heartbeat = clock.setTimeout(() => this.#options.onFail('no heartbeat for 90 s'), HEARTBEAT_TIMEOUT_MS)
  }

  async #openProxy(request: MessageOf<'newProxy'>): Promise<void> {
    if (this.#closing !== null) return
    const { proxyName } = request
    if (Buffer.byteLength(proxyName) > MAX_NAME_BYTES) return this.#options.onFail(`a proxy name of more than ${MAX_NAME_BYTES} bytes`)
    const { server, ports, groups, claims } = this.#options
    const error = this.#objection(request) ?? claims.takeProxy()
    if (error !== null) return this.#refuse(request, error)
    const udp = request.proxyType === 'udp'
    const limit = bucketFor('server', request, server.clock)
    const options: ServerProxyOptions = {
      ...{ server, request, pool: this.#pool, traffic: this.traffic, peerIsOurs: this.peerIsOurs },
      peerDatagramBytes: datagramsIn(this.#options.login.metas),
      limits: [...(limit === null ? [] : [limit]), ...claims.buckets],
      token: claims.owner.token,
      ration: claims.proxyRation,
    }
    if (server.vhosts !== undefined && isVhost(request.proxyType))
      return this.#opened(openVhostProxy(options, server.vhosts, claims.claimant), request)
    const proxy = udp ? new ServerUdpProxy(options) : new ServerTcpProxy(options)
    this.#take(proxy) // from here on nobody else may use the name
    const grouped = request.group !== '' && proxy instanceof ServerTcpProxy
    const held = grouped
      ? await groups.join(proxy, request, claims.groupSeeker(request))
      : await (udp ? ports.udp : ports.tcp).acquire(claims.seeker(proxyName), request.remotePort, (address) => proxy.open(address))
    if (held.type === 'refused') {
      this.#proxies.delete(proxyName)
      claims.leaveName(proxyName, proxy)
      claims.returnProxy()
      if (this.#closing === null) this.#refuse(request, udp ? udpError(request.remotePort, held.error) : held.error)
      return
    }
    proxy.hold(held)
    server.tell({ type: 'proxy.opened', session: this.id, proxy: proxyName, port: held.port })
    // the session may have ended while the port was being opened; whoever ends it waits for this
    if (this.#closing !== null) return this.#closeProxy(proxy)
    this.#control.send({ type: 'newProxyResp', proxyName, remoteAddr: `:${held.port}` })
    proxy.start()
  }

  /** A proxy for domains: it is there at once or not at all. */
  #opened(proxy: ServerVhostProxy | string, request: MessageOf<'newProxy'>): void {
    const { proxyName } = request
    const { claims, server } = this.#options
    if (typeof proxy === 'string') {
      claims.returnProxy()
      return this.#refuse(request, proxy)
    }
    this.#take(proxy)
    claims.takeDomains(proxy.domains)
    server.tell({ type: 'proxy.opened', session: this.id, proxy: proxyName, port: proxy.port })
    this.#control.send({ type: 'newProxyResp', proxyName, remoteAddr: proxy.addresses })
  }

  #take(proxy: ServerProxy): void {
    this.#proxies.set(proxy.name, proxy)
    this.#options.claims.takeName(proxy.name, proxy, (why) => this.#options.onFail(why))
  }

  /** frp's text against a request, in the words of 0.45, which scripts match on; null when it may be tried. */
  #objection(request: MessageOf<'newProxy'>): string | null {
    const { proxyName, proxyType, remotePort, group, groupKey } = request
    const { server, ports, groups, claims } = this.#options
    const vhost = isVhost(proxyType)
    if (vhost && server.vhosts === undefined) return `type [${proxyType}] not support when vhost_${proxyType}_port is not set`
    const udp = proxyType === 'udp' && server.openDatagrams !== undefined
    if (proxyType !== '' && proxyType !== 'tcp' && !udp && !vhost) return `proxy [${proxyName}] type [${clip(proxyType)}] error`
    if (server.maxPortsPerClient > 0 && this.#proxies.size >= server.maxPortsPerClient) return 'exceed the max_ports_per_client'
    const limit = limitObjection(request)
    if (limit !== null) return limit
    if (Buffer.byteLength(group) > MAX_NAME_BYTES || Buffer.byteLength(groupKey) > MAX_NAME_BYTES) return 'group params invalid'
    if (group !== '' && !udp && !vhost) {
      const grouped = groups.objection(request, claims.groupSeeker(request))
      if (grouped !== null) return grouped
    }
    const hasNoPort = remotePort === 0 || vhost || (group !== '' && !udp)
    const port = hasNoPort ? null : (udp ? ports.udp : ports.tcp).objection(remotePort, claims.seeker(proxyName))
    if (port !== null) return udp ? udpError(remotePort, port) : port
    return claims.nameObjection(proxyName, this.#proxies.has(proxyName)) ?? (vhost ? claims.domainObjection(request) : null)
  }

  #refuse(request: MessageOf<'newProxy'>, error: string): void {
    const { proxyName } = request
    this.#options.claims.refused(error, request)
    this.#control.send({ type: 'newProxyResp', proxyName, error })
    this.#options.server.tell({ type: 'proxy.refused', session: this.id, proxy: proxyName, why: error })
  }

  async #closeProxy(proxy: ServerProxy | undefined): Promise<void> {
    if (proxy === undefined || proxy.port === 0 || !this.#proxies.delete(proxy.name)) return
    const { claims, server } = this.#options
    claims.leaveName(proxy.name, proxy)
    claims.returnProxy()
    const { port, name } = proxy
    const domains = proxy instanceof ServerVhostProxy ? proxy.domains : []
    await proxy.close()
    claims.leaveDomains(domains)
    this.traffic.end(name)
    server.tell({ type: 'proxy.closed', session: this.id, proxy: name, port })
  }
}

const isVhost = (proxyType: string): boolean => proxyType === 'http' || proxyType === 'https'
const udpError = (port: number, error: string): string => `acquire port ${port} error: ${error}`
const clip = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}…` : text)
