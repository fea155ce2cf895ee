// The service's end of frp: logs in at a TURN, registers proxies there, and serves the connections it sends.
import { bucketFor, limitObjection, type TokenBucket } from './bandwidth-limit.ts'
import { type Carrier, openCarrier } from './carrier.ts'
import { ClientUdp } from './client-udp.ts'
import { serveWork } from './client-work.ts'
import { WIRE_VERSION } from './codec.ts'
import type { FrpClient, FrpClientOptions, ProxySpec } from './contract.ts'
import { ControlChannel } from './control-channel.ts'
import { controlCipher } from './control-cipher.ts'
import { privilegeKey } from './crypto.ts'
import { firstMessage } from './first-message.ts'
import { watchHealth } from './health-check.ts'
import type { Message, MessageOf, Outgoing } from './messages.ts'
import type { MuxStream } from './mux-contract.ts'
import { Traffic } from './traffic.ts'
import { type Wire, wireOf } from './wire.ts'
import { ClientOpening } from './wire-v2-hello.ts'

/** Servers 0.65 to 0.70.0 may hold a LoginResp for 10 s while they end the session it replaces; stock clients then loop. */
const LOGIN_TIMEOUT_MS = 20_000
const HEARTBEAT_MS = 30_000
/** Without mux only a Pong shows that the TURN lives; frp's figure. */
const HEARTBEAT_TIMEOUT_MS = 90_000
const PROXY_TIMEOUT_MS = 20_000
/** Work connections that wait or dial at once: a TURN that asks for more than its users need gets no more. */
const MAX_WAITING_WORK = 1_100
const WORK_DELAY_MS = 1

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

export function createFrpClient(options: FrpClientOptions): FrpClient {
  return new Client(options)
}

class Client implements FrpClient {
  readonly #options: FrpClientOptions
  readonly #wire: Wire
  readonly #traffic: Traffic
  readonly #proxies = new Map<string, OpenProxy>()
  readonly #work = new Set<() => void>()
  #askedWork = 0
  #askedTimer: unknown = null
  #carrier: Carrier | null = null
  #control: ControlChannel | null = null
  #controlStream: MuxStream | null = null
  #stopLogin: (() => void) | null = null
  #runId: string
  #peerIsOurs: boolean
  /** The TURN keeps limits that it is asked to keep. */
  #knowsMode = true
  #pingTimer: unknown = null
  #lastPongAt = 0
  #closed = false

  constructor(options: FrpClientOptions) {
    this.#options = options
    this.#wire = wireOf(options.wire)
    this.#runId = options.runId
    this.#peerIsOurs = options.peerIsOurs
    this.#traffic = new Traffic({ clock: options.clock, receivedIs: 'in', meterOf: options.meterOf ?? (() => null) })
  }

  get connectionsNow(): number {
    return this.#traffic.connectionsNow
  }

  start(): void {
    if (this.#closed || this.#carrier !== null) return
    this.#carrier = openCarrier(this.#options, {
      onReady: () => this.#openControl(),
      onClosed: (why) => this.#close(why, false),
    })
  }

  openProxy(spec: ProxySpec): void {
    if (this.#closed || this.#proxies.has(spec.name)) return
    const proxy: OpenProxy = { spec, limit: null, stopCheck: null, asked: false, answered: false, timer: null, udp: null }
    this.#proxies.set(spec.name, proxy)
    if (this.#control !== null) this.#begin(proxy)
  }

  closeProxy(name: string): void {
    const proxy = this.#proxies.get(name)
    if (proxy === undefined) return
    this.#forget(proxy)
    this.#control?.send({ type: 'closeProxy', proxyName: name })
  }

  ping(answered: (rttMs: number) => void): void {
    if (this.#control !== null) this.#carrier?.ping(answered)
  }

  end(why: string): void {
    this.#close(why, false)
  }

  #openControl(): void {
    this.#carrier?.open((stream) => {
      if (this.#closed) return stream?.reset()
      if (stream === null) return this.#close('no control connection', false)
      this.#login(stream)
    })
  }

  #login(stream: MuxStream): void {
    const { clock, token, poolCount } = this.#options
    const timestamp = Math.floor(clock.wallMs() / 1000)
    this.#controlStream = stream
    const opening = this.#wire.version === 2 ? new ClientOpening(this.#options) : null
    this.#stopLogin = firstMessage(stream, {
      clock,
      source: opening ?? this.#wire.source(),
      timeoutMs: LOGIN_TIMEOUT_MS,
      onMessage: (message, rest) => {
        this.#stopLogin = null
        if (message.type !== 'loginResp') this.#close(`${message.type} in answer to the login`, false)
        else if (message.error !== '') this.#close(message.error, true)
        else this.#loggedIn(stream, message, rest, opening?.transcript ?? null)
      },
      onFail: (why) => {
        if (opening !== null && opening.refusal !== null) this.#close(opening.refusal, true)
        else this.#lost(`no answer to the login: ${why}`)
      },
    })
    const key = privilegeKey(token, timestamp)
    const login = this.#wire.encode({
      type: 'login',
      version: WIRE_VERSION,
      privilegeKey: key,
      timestamp,
      runId: this.#runId,
      metas: { moonwalk: '1' },
      poolCount,
    })
    stream.write(opening === null ? login : Buffer.concat([opening.first, login]))
  }

  #loggedIn(stream: MuxStream, answer: MessageOf<'loginResp'>, rest: Buffer | null, transcript: Buffer | null): void {
    const { runId, version, moonwalk } = answer
    const { clock, randomBytes, token, tell } = this.#options
    if (runId !== '') this.#runId = runId
    this.#peerIsOurs = moonwalk !== ''
    this.#knowsMode = this.#peerIsOurs || keepsLimits(version)
    this.#control = new ControlChannel(stream, {
      clock,
      wire: this.#wire,
      cipher: controlCipher({ token, randomBytes, transcript, client: true }),
      onMessage: (message) => this.#receive(message),
      onFail: (why) => this.#lost(why),
    })
    this.#lastPongAt = clock.now()
    this.#schedulePing()
    // What is opened by whoever hears of the login is asked for then, and must not be asked for twice.
    const early = [...this.#proxies.values()]
    tell({ type: 'client.loggedIn', runId: this.#runId, serverVersion: version })
    for (const proxy of early) if (this.#proxies.get(proxy.spec.name) === proxy) this.#begin(proxy)
    if (!this.#closed) this.#control.start(rest)
  }

  /** Asks for the proxy, or first looks whether its service lives. */
  #begin(proxy: OpenProxy): void {
    const { clock, dialLocal } = this.#options
    const { local, healthCheck } = proxy.spec
    const wish = wishOf(proxy.spec)
    proxy.limit = bucketFor('client', this.#knowsMode ? wish : { ...wish, bandwidthLimitMode: '' }, clock)
    if (healthCheck === undefined) return this.#request(proxy)
    const onChange = (why: string | null): void => (why === null ? this.#request(proxy) : this.#withdraw(proxy, why))
    proxy.stopCheck = watchHealth({ clock, dialLocal, check: healthCheck, local, onChange })
  }

  /** The TURN's port closes until the service is well again. */
  #withdraw(proxy: OpenProxy, why: string): void {
    const { name } = proxy.spec
    if (proxy.asked) {
      this.#quiet(proxy)
      this.#control?.send({ type: 'closeProxy', proxyName: name })
    }
    this.#options.tell({ type: 'client.proxyUnhealthy', proxy: name, why })
  }

  #request(proxy: OpenProxy): void {
    const { name, type, remotePort, customDomains, useEncryption, useCompression, group } = proxy.spec
    const wish = wishOf(proxy.spec)
    const message: Outgoing = {
      type: 'newProxy',
      proxyName: name,
      proxyType: type,
      remotePort,
      customDomains,
      useEncryption,
      useCompression,
      bandwidthLimit: wish.bandwidthLimit,
      bandwidthLimitMode: wish.bandwidthLimitMode === 'client' ? '' : wish.bandwidthLimitMode, // as stock writes it
      group: group?.name ?? '',
      groupKey: group?.key ?? '',
    }
    const limit = limitObjection(wish)
    if (limit !== null) return this.#refused(proxy, limit)
    if (type === 'udp' && this.#options.openDatagrams === undefined) return this.#refused(proxy, 'udp is not available here')
    if (this.#wire.encode(message).length > this.#wire.maxBodyBytes) return this.#refused(proxy, 'the request is longer than frp allows')
    proxy.asked = true
    proxy.timer = this.#options.clock.setTimeout(() => this.#refused(proxy, 'the TURN did not answer in 20 s'), PROXY_TIMEOUT_MS)
    this.#control?.send(message)
  }

  #receive(message: Message): void {
    switch (message.type) {
      case 'reqWorkConn':
        return this.#workAsked()
      case 'newProxyResp':
        return this.#answered(message)
      case 'pong':
        if (message.error !== '') return this.#close(`the TURN refuses the heartbeat: ${message.error}`, false)
        this.#lastPongAt = this.#options.clock.now()
        return
      default:
        return
    }
  }

  #answered({ proxyName, remoteAddr, error }: MessageOf<'newProxyResp'>): void {
    const proxy = this.#proxies.get(proxyName)
    if (proxy === undefined || !proxy.asked || proxy.answered) return
    if (error !== '') return this.#refused(proxy, error)
    proxy.answered = true
    this.#options.clock.clearTimeout(proxy.timer)
    this.#options.tell({ type: 'client.proxyStarted', proxy: proxyName, remoteAddr })
  }

  #refused(proxy: OpenProxy, error: string): void {
    this.#forget(proxy)
    this.#options.tell({ type: 'client.proxyRefused', proxy: proxy.spec.name, error })
  }

  #forget(proxy: OpenProxy): void {
    this.#proxies.delete(proxy.spec.name)
    proxy.stopCheck?.()
    this.#quiet(proxy)
    this.#traffic.end(proxy.spec.name)
  }

  /** It takes no more users. Those who are there stay, as far as it is up to this end. */
  #quiet(proxy: OpenProxy): void {
    proxy.asked = false
    proxy.answered = false
    proxy.udp?.close()
    proxy.udp = null
    if (proxy.timer !== null) this.#options.clock.clearTimeout(proxy.timer)
    proxy.timer = null
  }

  /** Stock asks for the next one just before it gives one away: what that user waits for is done first. Ours asks later anyway. */
  #workAsked(): void {
    if (this.#peerIsOurs) return this.#openWork()
    if (this.#askedWork < MAX_WAITING_WORK) this.#askedWork++
    this.#askedTimer ??= this.#options.clock.setTimeout(() => {
      this.#askedTimer = null
      for (; this.#askedWork > 0; this.#askedWork--) this.#openWork()
    }, WORK_DELAY_MS)
  }

  #openWork(): void {
    if (this.#work.size >= MAX_WAITING_WORK) return
    this.#carrier?.open((stream) => {
      if (stream === null) return
      if (this.#closed) return stream.reset()
      let waiting = true
      let drop = (): void => {}
      drop = serveWork(stream, {
        options: this.#options,
        traffic: this.#traffic,
        runId: () => this.#runId,
        peerIsOurs: () => this.#peerIsOurs,
        find: (name) => this.#asked(name)?.spec ?? null, // asked for is enough: a user may be quicker than NewProxyResp
        limitOf: ({ name }) => this.#proxies.get(name)?.limit ?? null,
        udpOf: (spec) => this.#udpOf(spec),
        joined: () => {
          waiting = false
          this.#work.delete(drop)
        },
      })
      if (waiting) this.#work.add(drop)
    })
  }

  #asked(name: string): OpenProxy | null {
    const proxy = this.#proxies.get(name)
    return proxy?.asked === true ? proxy : null
  }

  #udpOf({ name }: ProxySpec): ClientUdp | null {
    const { clock, openDatagrams, interceptDatagram } = this.#options
    const proxy = this.#asked(name)
    if (proxy === null || openDatagrams === undefined) return null
    const intercept = (bytes: Buffer): boolean => interceptDatagram?.(name, bytes) ?? false
    const { limit, spec } = proxy
    const withHeader = spec.proxyProtocol !== undefined
    const meter = this.#traffic.meter(name)
    proxy.udp ??= new ClientUdp({ clock, openDatagrams, wire: this.#wire, local: spec.local, intercept, limit, withHeader, meter })
    return proxy.udp
  }

  /** Under mux a ping costs nothing and pleases servers that insist on it; without, it is the only sign of life. */
  #schedulePing(): void {
    const { clock, mux, keepaliveMs, silenceMs } = this.#options
    const everyMs = mux || keepaliveMs <= 0 ? HEARTBEAT_MS : Math.min(HEARTBEAT_MS, keepaliveMs)
    const limitMs = mux
      ? Number.POSITIVE_INFINITY
      : Math.min(HEARTBEAT_TIMEOUT_MS, everyMs + (keepaliveMs > 0 ? silenceMs : HEARTBEAT_TIMEOUT_MS))
    const silentMs = clock.now() - this.#lastPongAt
    this.#pingTimer = clock.setTimeout(
      () => {
        if (clock.now() - this.#lastPongAt >= limitMs) return this.#close('the TURN fell silent', false)
        const timestamp = Math.floor(clock.wallMs() / 1000)
        this.#control?.send({ type: 'ping', privilegeKey: privilegeKey(this.#options.token, timestamp), timestamp })
        this.#schedulePing()
      },
      Math.min(everyMs, Math.max(0, limitMs - silentMs)),
    )
  }

  /** The control connection is of no more use. Where all of the link went, that says why. */
  #lost(why: string): void {
    if (this.#carrier?.ending !== true) this.#close(why, false)
  }

  #close(why: string, refused: boolean): void {
    if (this.#closed) return
    this.#closed = true
    const { clock, tell } = this.#options
    this.#stopLogin?.()
    this.#control?.stop()
    this.#controlStream?.reset()
    if (this.#pingTimer !== null) clock.clearTimeout(this.#pingTimer)
    if (this.#askedTimer !== null) clock.clearTimeout(this.#askedTimer)
    for (const { timer, udp, stopCheck } of this.#proxies.values()) {
      stopCheck?.()
      if (timer !== null) clock.clearTimeout(timer)
      udp?.close()
    }
    for (const drop of [...this.#work]) drop()
    this.#work.clear()
    this.#traffic.endAll()
    this.#carrier?.close(why)
    tell({ type: 'client.closed', why, refused })
  }
}

/** frps keeps limits from 0.47.0 on. */
const keepsLimits = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 0 || minor >= 47
}

const wishOf = ({ limit = '', limitMode = 'client' }: ProxySpec) => ({ bandwidthLimit: limit, bandwidthLimitMode: limitMode })
