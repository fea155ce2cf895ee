// The proxies that a client has asked its TURN for, and the state of each.
import { throwBug } from '../bugs.ts'
import type { FrpClientOptions, ProxySpec } from '../contract.ts'
import { bucketFor, limitObjection, type TokenBucket } from '../meters/bandwidth-limit.ts'
import type { Traffic } from '../meters/traffic.ts'
import type { MessageOf, Outgoing } from '../wire/messages.ts'
import type { Wire } from '../wire/wire.ts'
import { ClientUdp } from './client-udp.ts'
import { watchHealth } from './health-check.ts'

const ANSWER_TIMEOUT_MS = 20_000

interface OpenProxy {
  readonly spec: ProxySpec
  /** Where this end keeps its bandwidth limit. */
  limit: TokenBucket | null
  /** Ends its health checks. */
  stopCheck: (() => void) | null
  asked: boolean
  answered: boolean
  timer: unknown
  udp: ClientUdp | null
}

export interface ClientProxiesOptions {
  readonly client: FrpClientOptions
  readonly wire: Wire
  readonly traffic: Traffic
  /** Sends to the TURN, once this client is logged in. */
  readonly send: (message: Outgoing) => void
}

export class ClientProxies {
  readonly #options: ClientProxiesOptions
  readonly #proxies = new Map<string, OpenProxy>()
  #isLoggedIn = false
  /** The TURN keeps the limits that it is asked to keep. */
  #keepsLimits = true

  constructor(options: ClientProxiesOptions) {
    this.#options = options
  }

  open(spec: ProxySpec): void {
    if (this.#proxies.has(spec.name)) return
    const proxy: OpenProxy = { spec, limit: null, stopCheck: null, asked: false, answered: false, timer: null, udp: null }
    this.#proxies.set(spec.name, proxy)
    if (this.#isLoggedIn) this.#begin(proxy)
  }

  close(name: string): void {
    const proxy = this.#proxies.get(name)
    if (proxy === undefined) return
    this.#forget(proxy)
    this.#options.send({ type: 'closeProxy', proxyName: name })
  }

  /** Asks for all proxies opened before. Those that are opened while `tell` runs are asked for at once, and not twice. */
  loggedIn(keepsLimits: boolean, tell: () => void): void {
    this.#isLoggedIn = true
    this.#keepsLimits = keepsLimits
    const early = [...this.#proxies.values()]
    tell()
    for (const proxy of early) if (this.#proxies.get(proxy.spec.name) === proxy) this.#begin(proxy)
  }

  /** The TURN's answer to one. */
  answered({ proxyName, remoteAddr, error }: MessageOf<'newProxyResp'>): void {
    const { clock, tell } = this.#options.client
    const proxy = this.#proxies.get(proxyName)
    if (proxy === undefined || !proxy.asked || proxy.answered) return
    if (error !== '') return this.#refused(proxy, error)
    proxy.answered = true
    clock.clearTimeout(proxy.timer)
    tell({ type: 'client.proxyStarted', proxy: proxyName, remoteAddr })
  }

  /** A proxy that users may come for. It need only be asked for: a user may come before the TURN's answer. */
  find(name: string): ProxySpec | null {
    return this.#asked(name)?.spec ?? null
  }

  limitOf({ name }: ProxySpec): TokenBucket | null {
    return this.#proxies.get(name)?.limit ?? null
  }

  /** The udp side of a proxy; null where there is none. */
  udpOf({ name }: ProxySpec): ClientUdp | null {
    const { client, wire, traffic } = this.#options
    const { clock, openDatagrams, interceptDatagram, onBug = throwBug } = client
    const proxy = this.#asked(name)
    if (proxy === null || openDatagrams === undefined) return null
    const intercept = (bytes: Buffer): boolean => interceptDatagram?.(name, bytes) ?? false
    const { limit, spec } = proxy
    const withHeader = spec.proxyProtocol !== undefined
    proxy.udp ??= new ClientUdp({
      clock,
      openDatagrams,
      wire,
      local: spec.local,
      intercept,
      limit,
      withHeader,
      meter: traffic.meter(name),
      onBug,
    })
    return proxy.udp
  }

  /** Ends all of them here; the TURN is told by the end of the session. */
  end(): void {
    for (const proxy of this.#proxies.values()) {
      proxy.stopCheck?.()
      this.#stopTaking(proxy)
    }
    this.#proxies.clear()
  }

  #asked(name: string): OpenProxy | null {
    const proxy = this.#proxies.get(name)
    return proxy?.asked === true ? proxy : null
  }

  /** Asks for the proxy, or first looks whether its service lives. */
  #begin(proxy: OpenProxy): void {
    const { clock, dialLocal, onBug = throwBug } = this.#options.client
    const { local, healthCheck } = proxy.spec
    const request = limitRequestOf(proxy.spec)
    proxy.limit = bucketFor('client', this.#keepsLimits ? request : { ...request, bandwidthLimitMode: '' }, clock)
    if (healthCheck === undefined) return this.#request(proxy)
    const onChange = (why: string | null): void => (why === null ? this.#request(proxy) : this.#withdraw(proxy, why))
    proxy.stopCheck = watchHealth({ clock, dialLocal, check: healthCheck, local, onChange, onBug })
  }

  /** Has the TURN close the port until the service passes its check again. */
  #withdraw(proxy: OpenProxy, why: string): void {
    const { client, send } = this.#options
    const { name } = proxy.spec
    if (proxy.asked) {
      this.#stopTaking(proxy)
      send({ type: 'closeProxy', proxyName: name })
    }
    client.tell({ type: 'client.proxyUnhealthy', proxy: name, why })
  }

  #request(proxy: OpenProxy): void {
    const { client, wire, send } = this.#options
    const message = requestFor(proxy.spec)
    const limit = limitObjection(limitRequestOf(proxy.spec))
    if (limit !== null) return this.#refused(proxy, limit)
    if (proxy.spec.type === 'udp' && client.openDatagrams === undefined) return this.#refused(proxy, 'udp is not available here')
    if (wire.encode(message).length > wire.maxBodyBytes) return this.#refused(proxy, 'the request is longer than frp allows')
    proxy.asked = true
    proxy.timer = client.clock.setTimeout(() => this.#refused(proxy, 'the TURN did not answer in 20 s'), ANSWER_TIMEOUT_MS)
    send(message)
  }

  #refused(proxy: OpenProxy, error: string): void {
    this.#forget(proxy)
    this.#options.client.tell({ type: 'client.proxyRefused', proxy: proxy.spec.name, error })
  }

  #forget(proxy: OpenProxy): void {
    this.#proxies.delete(proxy.spec.name)
    proxy.stopCheck?.()
    this.#stopTaking(proxy)
    this.#options.traffic.end(proxy.spec.name)
  }

  /** It takes no more users. This end does not disconnect those who are there. */
  #stopTaking(proxy: OpenProxy): void {
    proxy.asked = false
    proxy.answered = false
    proxy.udp?.close()
    proxy.udp = null
    if (proxy.timer !== null) this.#options.client.clock.clearTimeout(proxy.timer)
    proxy.timer = null
  }
}

function requestFor(spec: ProxySpec): Outgoing {
  const { name, type, remotePort, customDomains, useEncryption, useCompression, group } = spec
  const { bandwidthLimit, bandwidthLimitMode } = limitRequestOf(spec)
  return {
    type: 'newProxy',
    proxyName: name,
    proxyType: type,
    remotePort,
    customDomains,
    useEncryption,
    useCompression,
    bandwidthLimit,
    bandwidthLimitMode: bandwidthLimitMode === 'client' ? '' : bandwidthLimitMode, // as stock writes it
    group: group?.name ?? '',
    groupKey: group?.key ?? '',
  }
}

const limitRequestOf = ({ limit = '', limitMode = 'client' }: ProxySpec) => ({ bandwidthLimit: limit, bandwidthLimitMode: limitMode })
