// The proxies of one client at the TURN's end: asked for, opened and closed one after another.
import { throwBug } from '../bugs.ts'
import { bucketFor, limitObjection } from '../meters/bandwidth-limit.ts'
import type { ProxyMeter } from '../meters/proxy-meter.ts'
import type { Traffic } from '../meters/traffic.ts'
import type { ControlChannel } from '../wire/control-channel.ts'
import { datagramsIn } from '../wire/datagram-size.ts'
import type { MessageOf } from '../wire/messages.ts'
import { type ServerProxy, type ServerProxyOptions, ServerTcpProxy } from './server-proxy.ts'
import type { ServerSessionOptions } from './server-session.ts'
import { ServerUdpProxy } from './server-udp-proxy.ts'
import { openVhostProxy, ServerVhostProxy } from './server-vhost-proxy.ts'
import type { WorkPool } from './work-pool.ts'

interface SessionProxiesOptions {
  readonly session: ServerSessionOptions
  readonly peerIsOurs: boolean
  readonly pool: WorkPool
  readonly traffic: Traffic
  /** On the control channel. */
  readonly send: ControlChannel['send']
}

/** A proxy that is open, and its meter, which is the same as long as it is. */
export interface CarriedProxy {
  readonly name: string
  readonly kind: ServerProxy['kind']
  readonly port: number
  readonly meter: ProxyMeter
}

/** Longest name: it must fit into our answer twice, escaped. */
const MAX_NAME_BYTES = 512

export class SessionProxies {
  readonly #options: SessionProxiesOptions
  readonly #session: ServerSessionOptions
  readonly #proxies = new Map<string, ServerProxy>()
  #queue: Promise<void> = Promise.resolve()
  #isEnding = false

  constructor(options: SessionProxiesOptions) {
    this.#options = options
    this.#session = options.session
  }

  /** Those that are open. */
  get carried(): readonly CarriedProxy[] {
    const open = [...this.#proxies.values()].filter(({ port }) => port !== 0)
    return open.map(({ name, kind, port }) => ({ name, kind, port, meter: this.#options.traffic.meter(name) }))
  }

  open(request: MessageOf<'newProxy'>): void {
    this.#inTurn(() => this.#open(request))
  }

  close(proxyName: string): void {
    this.#inTurn(() => this.#close(this.#proxies.get(proxyName)))
  }

  /** Settles once every port is free. None is opened any more. */
  async closeAll(): Promise<void> {
    this.#isEnding = true
    await Promise.all([...this.#proxies.values()].map((proxy) => this.#close(proxy)))
    await this.#queue // a port may just be opening
  }

  /** Once those before it are through. A bug in one does not keep the next from its turn. */
  #inTurn(run: () => Promise<void>): void {
    this.#queue = this.#queue.then(run).catch(this.#session.server.onBug ?? throwBug)
  }

  async #open(request: MessageOf<'newProxy'>): Promise<void> {
    if (this.#isEnding) return
    const { proxyName } = request
    if (Buffer.byteLength(proxyName) > MAX_NAME_BYTES) return this.#session.onFail(`a proxy name of more than ${MAX_NAME_BYTES} bytes`)
    const { server, ports, groups, claims } = this.#session
    const error = this.#objection(request) ?? claims.takeProxy()
    if (error !== null) return this.#refuse(request, error)
    const { pool, traffic, peerIsOurs } = this.#options
    const udp = request.proxyType === 'udp'
    const limit = bucketFor('server', request, server.clock)
    const options: ServerProxyOptions = {
      ...{ server, request, pool, traffic, peerIsOurs },
      peerDatagramBytes: datagramsIn(this.#session.login.metas),
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
      if (!this.#isEnding) this.#refuse(request, udp ? udpError(request.remotePort, held.error) : held.error)
      return
    }
    proxy.hold(held)
    server.tell({ type: 'proxy.opened', session: this.#session.id, proxy: proxyName, port: held.port })
    // the session may have ended while the port was being opened; whoever ends it waits for this
    if (this.#isEnding) return this.#close(proxy)
    this.#options.send({ type: 'newProxyResp', proxyName, remoteAddr: `:${held.port}` })
    proxy.start()
  }

  /** A proxy for domains: it is there at once or not at all. */
  #opened(proxy: ServerVhostProxy | string, request: MessageOf<'newProxy'>): void {
    const { proxyName } = request
    const { claims, server } = this.#session
    if (typeof proxy === 'string') {
      claims.returnProxy()
      return this.#refuse(request, proxy)
    }
    this.#take(proxy)
    claims.takeDomains(proxy.domains)
    server.tell({ type: 'proxy.opened', session: this.#session.id, proxy: proxyName, port: proxy.port })
    this.#options.send({ type: 'newProxyResp', proxyName, remoteAddr: proxy.addresses })
  }

  #take(proxy: ServerProxy): void {
    this.#proxies.set(proxy.name, proxy)
    this.#session.claims.takeName(proxy.name, proxy, (why) => this.#session.onFail(why))
  }

  /** frp's text against a request, in the words of 0.45, which scripts match on; null when it may be tried. */
  #objection(request: MessageOf<'newProxy'>): string | null {
    const { proxyName, proxyType, remotePort, group, groupKey } = request
    const { server, ports, groups, claims } = this.#session
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
    this.#session.claims.refused(error, request)
    this.#options.send({ type: 'newProxyResp', proxyName, error })
    this.#session.server.tell({ type: 'proxy.refused', session: this.#session.id, proxy: proxyName, why: error })
  }

  async #close(proxy: ServerProxy | undefined): Promise<void> {
    if (proxy === undefined || proxy.port === 0 || !this.#proxies.delete(proxy.name)) return
    const { claims, server } = this.#session
    claims.leaveName(proxy.name, proxy)
    claims.returnProxy()
    const { port, name } = proxy
    const domains = proxy instanceof ServerVhostProxy ? proxy.domains : []
    await proxy.close()
    claims.leaveDomains(domains)
    this.#options.traffic.end(name)
    server.tell({ type: 'proxy.closed', session: this.#session.id, proxy: name, port })
  }
}

const isVhost = (proxyType: string): boolean => proxyType === 'http' || proxyType === 'https'
const udpError = (port: number, error: string): string => `acquire port ${port} error: ${error}`
const clip = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}…` : text)
