// One connection that came to the TURN: with mux all of a session, without mux one stream of it. Every stream says in its
// first message what it is.
import type { FrpServerOptions } from '../contract.ts'
import { createConnectionStream } from '../links/connection-stream.ts'
import type { AcceptedLink } from '../links/link.ts'
import { createMux } from '../mux/mux.ts'
import type { MuxStream } from '../mux/mux-contract.ts'
import type { Mux } from '../mux/mux-options.ts'
import { firstMessage } from '../wire/first-message.ts'
import { GreetingReader } from '../wire/greeting.ts'
import type { Message } from '../wire/messages.ts'
import type { Wire } from '../wire/wire.ts'
import type { ServerSession } from './server-session.ts'

/** A stream's first message, and a connection's login, may take this long. Stock frps: 10 s. */
const GREETING_MS = 5_000
/** How long a connection may take to send its last message before it is closed. */
const FLUSH_MS = 1_000

/** A stream's first message, and what it came on. */
export interface Greeting {
  readonly stream: MuxStream
  readonly message: Message
  readonly rest: Buffer | null
  readonly wire: Wire
  /** The hash of the hellos before a login on wire v2; null: there were none. */
  readonly transcript: Buffer | null
}

export interface ServerConnectionOptions {
  readonly server: FrpServerOptions
  readonly accepted: AcceptedLink
  readonly mux: boolean
  readonly onGreeting: (connection: ServerConnection, greeting: Greeting) => void
  /** A hello of wire v2 came: a login is to follow. */
  readonly onHello: (connection: ServerConnection) => void
  /** Its hello was refused, and the client was told. */
  readonly onRefused: (connection: ServerConnection, stream: MuxStream, why: string) => void
  /** It is over, or was handed over. Once. */
  readonly onClosed: (connection: ServerConnection, why: string) => void
}

export class ServerConnection {
  /** The session's number; 0: it has none yet, or is a work connection without mux. */
  id = 0
  readonly mux: boolean
  /** `host:port` of the other end. */
  readonly remote: string
  readonly from: Pick<AcceptedLink, 'remote' | 'member'>
  /** The client that logged in on it. */
  session: ServerSession | null = null
  readonly #options: ServerConnectionOptions
  readonly #greetings = new Set<() => void>()
  #muxSession: Mux | null = null
  #stream: MuxStream | null = null
  #timer: unknown = null
  #closed = false

  constructor(options: ServerConnectionOptions) {
    const { remote } = options.accepted
    this.remote = `${remote.host}:${remote.port}`
    this.from = options.accepted
    this.mux = options.mux
    this.#options = options
  }

  get closed(): boolean {
    return this.#closed
  }

  start(): void {
    const { accepted } = this.#options
    const { clock, keepaliveMs, silenceMs } = this.#options.server
    this.#timer = clock.setTimeout(() => this.close('no login within 5 s'), GREETING_MS)
    if (!this.mux) {
      const stream = createConnectionStream({ tls: accepted.tls })
      this.#stream = stream
      this.#greet(stream)
      stream.start(accepted.open(stream.reader()), accepted.first)
      return
    }
    const muxSession = createMux({
      client: false,
      clock,
      gather: accepted.tls,
      keepaliveMs,
      silenceMs,
      onStream: (stream) => this.#greet(stream),
      onClose: (why) => this.close(why),
    })
    this.#muxSession = muxSession
    muxSession.start(accepted.open(muxSession.reader()), accepted.first)
  }

  /** A client logged in on it: it may stay. */
  loggedIn(session: ServerSession): void {
    const { ours } = this.#options.server
    this.session = session
    this.#stopTimer()
    if (session.peerIsOurs && ours !== undefined) this.#muxSession?.setKeepalive(ours.keepaliveMs, ours.silenceMs)
  }

  /** Closes it once what was written to `stream` has gone out. */
  closeAfterFlush(stream: MuxStream, why: string): void {
    if (this.#closed) return
    if (this.#muxSession !== null) return this.close(why)
    this.#stopTimer()
    stream.onGone = () => this.close(why)
    stream.end()
    this.#timer = this.#options.server.clock.setTimeout(() => this.close(why), FLUSH_MS)
  }

  /** The control connection is lost. Where the whole link was, the mux tells the reason. */
  lost(why: string): void {
    if (this.#muxSession?.closed !== true) this.close(why)
  }

  /** Without mux: the stream was given to a session, and this connection is over. */
  handedOver(): void {
    this.#stream = null
    this.close('handed over')
  }

  close(why: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#stopTimer()
    for (const stop of this.#greetings) stop()
    this.#greetings.clear()
    this.#options.onClosed(this, why)
    this.#muxSession?.close(why)
    if (this.#stream === null) return
    this.#stream.onGone = null
    this.#stream.reset()
  }

  #greet(stream: MuxStream): void {
    const { server, onGreeting, onHello, onRefused } = this.#options
    const source = new GreetingReader({
      randomBytes: server.randomBytes,
      onHello: (answer) => {
        onHello(this)
        stream.write(answer)
      },
    })
    let stop = (): void => {}
    stop = firstMessage(stream, {
      clock: server.clock,
      source,
      timeoutMs: GREETING_MS,
      onMessage: (message, rest) => {
        this.#greetings.delete(stop)
        onGreeting(this, { stream, message, rest, wire: source.wire, transcript: source.transcript })
      },
      onFail: (why) => {
        this.#greetings.delete(stop)
        if (source.refusal !== null && this.session === null) onRefused(this, stream, source.refusal)
        else if (this.mux) stream.reset()
        else this.close(why)
      },
    })
    this.#greetings.add(stop)
  }

  #stopTimer(): void {
    if (this.#timer !== null) this.#options.server.clock.clearTimeout(this.#timer)
    this.#timer = null
  }
}
