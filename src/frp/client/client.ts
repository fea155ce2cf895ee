// The service's end of frp: logs in at a TURN, registers proxies there, and serves the connections it sends.
import type { FrpClient, FrpClientOptions, ProxySpec } from '../contract.ts'
import { Traffic } from '../meters/traffic.ts'
import type { MuxStream } from '../mux/mux-contract.ts'
import { WIRE_VERSION } from '../wire/codec.ts'
import { ControlChannel } from '../wire/control-channel.ts'
import { controlCipher } from '../wire/control-cipher.ts'
import { privilegeKey } from '../wire/crypto.ts'
import { LOGIN_METAS } from '../wire/datagram-size.ts'
import { firstMessage } from '../wire/first-message.ts'
import type { Message, MessageOf } from '../wire/messages.ts'
import { openTransport, type Transport } from '../wire/transport.ts'
import { type Wire, wireOf } from '../wire/wire.ts'
import { ClientOpening } from '../wire/wire-v2-hello.ts'
import { ClientProxies } from './client-proxies.ts'
import { serveWork } from './client-work.ts'

/**
 * Servers 0.65 to 0.70.0 may delay the LoginResp for 10 s while they end
 * the session that it replaces. Stock clients give up by then.
 */
const LOGIN_TIMEOUT_MS = 20_000
const HEARTBEAT_MS = 30_000
/** Without mux only a Pong shows that the TURN lives; frp's figure. */
const HEARTBEAT_TIMEOUT_MS = 90_000
/** Work connections that wait or dial at once. A TURN that asks for more gets no more. */
const MAX_WAITING_WORK = 1_100
const WORK_DELAY_MS = 1

export function createFrpClient(options: FrpClientOptions): FrpClient {
  return new Client(options)
}

class Client implements FrpClient {
  readonly #options: FrpClientOptions
  readonly #wire: Wire
  readonly #traffic: Traffic
  readonly #proxies: ClientProxies
  readonly #work = new Set<() => void>()
  #askedWork = 0
  #askedTimer: unknown = null
  #transport: Transport | null = null
  #control: ControlChannel | null = null
  #controlStream: MuxStream | null = null
  #stopLogin: (() => void) | null = null
  #runId: string
  #peerIsOurs: boolean
  #peerDatagramBytes = 0
  #pingTimer: unknown = null
  #lastPongAt = 0
  #closed = false

  constructor(options: FrpClientOptions) {
    this.#options = options
    this.#wire = wireOf(options.wire)
    this.#runId = options.runId
    this.#peerIsOurs = options.peerIsOurs
    this.#traffic = new Traffic({ clock: options.clock, receivedIs: 'in', meterOf: options.meterOf ?? (() => null) })
    const send = (message: Parameters<ControlChannel['send']>[0]): void => this.#control?.send(message)
    this.#proxies = new ClientProxies({ client: options, wire: this.#wire, traffic: this.#traffic, send })
  }

  get connectionsNow(): number {
    return this.#traffic.connectionsNow
  }

  start(): void {
    if (this.#closed || this.#transport !== null) return
    this.#transport = openTransport(this.#options, {
      onReady: () => this.#openControl(),
      onClosed: (why) => this.#close(why, false),
    })
  }

  openProxy(spec: ProxySpec): void {
    if (!this.#closed) this.#proxies.open(spec)
  }

  closeProxy(name: string): void {
    this.#proxies.close(name)
  }

  ping(answered: (rttMs: number) => void): void {
    if (this.#control !== null) this.#transport?.ping(answered)
  }

  end(why: string): void {
    this.#close(why, false)
  }

  #openControl(): void {
    this.#transport?.open((stream) => {
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
      metas: LOGIN_METAS,
      poolCount,
    })
    stream.write(opening === null ? login : Buffer.concat([opening.first, login]))
  }

  #loggedIn(stream: MuxStream, answer: MessageOf<'loginResp'>, rest: Buffer | null, transcript: Buffer | null): void {
    const { runId, version, moonwalk, moonwalkDatagrams, moonwalkPorts } = answer
    const { clock, randomBytes, token, tell } = this.#options
    if (runId !== '') this.#runId = runId
    this.#peerIsOurs = moonwalk !== ''
    this.#peerDatagramBytes = moonwalkDatagrams
    this.#control = new ControlChannel(stream, {
      clock,
      wire: this.#wire,
      cipher: controlCipher({ token, randomBytes, transcript, client: true }),
      onMessage: (message) => this.#receive(message),
      onFail: (why) => this.#lost(why),
    })
    this.#lastPongAt = clock.now()
    this.#schedulePing()
    this.#proxies.loggedIn(this.#peerIsOurs || keepsLimits(version), () =>
      tell({ type: 'client.loggedIn', runId: this.#runId, serverVersion: version, ports: moonwalkPorts }),
    )
    if (!this.#closed) this.#control.start(rest)
  }

  #receive(message: Message): void {
    switch (message.type) {
      case 'reqWorkConn':
        return this.#workAsked()
      case 'newProxyResp':
        return this.#proxies.answered(message)
      case 'pong':
        if (message.error !== '') return this.#close(`the TURN refuses the heartbeat: ${message.error}`, false)
        this.#lastPongAt = this.#options.clock.now()
        return
      default:
        return
    }
  }

  /** Stock frps asks for the next one just before it uses one: what that user waits for is done first. Our TURN asks later anyway. */
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
    this.#transport?.open((stream) => {
      if (stream === null) return
      if (this.#closed) return stream.reset()
      let waiting = true
      let drop = (): void => {}
      drop = serveWork(stream, {
        options: this.#options,
        traffic: this.#traffic,
        runId: () => this.#runId,
        peerIsOurs: () => this.#peerIsOurs,
        peerDatagramBytes: () => this.#peerDatagramBytes,
        proxies: this.#proxies,
        joined: () => {
          waiting = false
          this.#work.delete(drop)
        },
      })
      if (waiting) this.#work.add(drop)
    })
  }

  /** With mux it is for servers that insist on pings. Without mux nothing else shows that the TURN lives. */
  #schedulePing(): void {
    const { clock, mux, keepaliveMs, silenceMs } = this.#options
    const everyMs = mux || keepaliveMs <= 0 ? HEARTBEAT_MS : Math.min(HEARTBEAT_MS, keepaliveMs)
    const limitMs = mux
      ? Number.POSITIVE_INFINITY
      : Math.min(HEARTBEAT_TIMEOUT_MS, everyMs + (keepaliveMs > 0 ? silenceMs : HEARTBEAT_TIMEOUT_MS))
    const leftMs = (): number => this.#lastPongAt + limitMs - clock.now()
    this.#pingTimer = clock.setTimeout(
      () => {
        if (leftMs() <= 0) return this.#close('the TURN fell silent', false)
        const timestamp = Math.floor(clock.wallMs() / 1000)
        this.#control?.send({ type: 'ping', privilegeKey: privilegeKey(this.#options.token, timestamp), timestamp })
        this.#schedulePing()
      },
      Math.min(everyMs, Math.max(0, leftMs())),
    )
  }

  /** The control connection is lost. Where the whole link was, the mux tells the reason. */
  #lost(why: string): void {
    if (this.#transport?.ending !== true) this.#close(why, false)
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
    this.#proxies.end()
    for (const drop of [...this.#work]) drop()
    this.#work.clear()
    this.#traffic.endAll()
    this.#transport?.close(why)
    tell({ type: 'client.closed', why, refused })
  }
}

/** frps keeps limits from 0.47.0 on. */
const keepsLimits = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 0 || minor >= 47
}
