// The TURN's end of frp: who is connected, who is logged in, and which work connection belongs to whom.

import { throwBug } from '../bugs.ts'
import type { FrpServer, FrpServerOptions } from '../contract.ts'
import type { AcceptedLink } from '../links/link.ts'
import type { ProxyFigures } from '../meters/proxy-meter.ts'
import { WIRE_VERSION } from '../wire/codec.ts'
import { privilegeKey, sameKey } from '../wire/crypto.ts'
import { MAX_DATAGRAM_BYTES } from '../wire/datagram-size.ts'
import type { MessageOf } from '../wire/messages.ts'
import { PortPool } from './port-pool.ts'
import { type Greeting, ServerConnection } from './server-connection.ts'
import type { ServerProxy } from './server-proxy.ts'
import { ServerSession, type ServerSessionFigures } from './server-session.ts'
import { TcpGroups } from './tcp-groups.ts'

const MUX_BYTE = 0x00
const WORK_BYTE = 0x77 // w
const V2_BYTE = 0x46 // F
/**
 * Connections that have not logged in yet, so that they can't fill the memory. When there is one more, the oldest is closed: a login
 * comes with the first bytes, and connections that only wait must not keep one out.
 */
const MAX_PENDING_LOGINS = 256
const MAX_RUN_ID_BYTES = 128

export interface FrpServerFigures {
  readonly pendingLogins: number
  readonly portsTaken: number
  readonly sessions: readonly ServerSessionFigures[]
  /** What proxies carried that are closed now. */
  readonly ended: Pick<ProxyFigures, 'connectionsEver' | 'bytesIn' | 'bytesOut' | 'errorsEver'>
}

export function createFrpServer(options: FrpServerOptions): FrpServer & { figures(): FrpServerFigures } {
  return new Server(options)
}

class Server implements FrpServer {
  readonly #options: FrpServerOptions
  /** TCP and UDP ports of one number have nothing to do with each other. */
  readonly #ports: { readonly tcp: PortPool; readonly udp: PortPool }
  readonly #groups: TcpGroups
  readonly #names = new Map<string, ServerProxy>()
  readonly #connections = new Set<ServerConnection>()
  readonly #byRunId = new Map<string, ServerConnection>()
  /** Sessions that are ending: their ports are not free yet. */
  readonly #endings = new Map<ServerConnection, Promise<void>>()
  #ended: FrpServerFigures['ended'] = { connectionsEver: 0, bytesIn: 0, bytesOut: 0, errorsEver: 0 }
  #lastSession = 0
  #closed = false

  constructor(options: FrpServerOptions) {
    this.#options = options
    this.#ports = { tcp: new PortPool(options), udp: new PortPool(options) }
    this.#groups = new TcpGroups(this.#ports.tcp, options.listen)
  }

  get sessionCount(): number {
    return this.#byRunId.size
  }

  figures(): FrpServerFigures {
    const sessions = [...this.#byRunId.values()].flatMap(({ session }) => (session === null ? [] : [session.figures]))
    return {
      pendingLogins: this.#connections.size - sessions.length,
      portsTaken: this.#ports.tcp.takenCount + this.#ports.udp.takenCount,
      sessions,
      ended: this.#ended,
    }
  }

  accept(accepted: AcceptedLink): void {
    if (this.#closed) return accepted.refuse()
    if (this.#connections.size - this.#byRunId.size >= MAX_PENDING_LOGINS)
      this.#oldestPending()?.close('too many others came before it logged in')
    const first = accepted.first?.[0] ?? MUX_BYTE
    const connection = new ServerConnection({
      server: this.#options,
      remote: `${accepted.remote.host}:${accepted.remote.port}`,
      mux: first === MUX_BYTE,
      onGreeting: (from, greeting) => this.#greeted(from, greeting),
      onHello: (from) => this.#number(from),
      onRefused: (from, stream, why) => {
        this.#options.tell({ type: 'session.refused', session: from.id, why })
        from.closeAfterFlush(stream, why)
      },
      onClosed: (from, why) => this.#gone(from, why),
    })
    this.#connections.add(connection)
    // without mux wire v2 tells a login from a work connection only behind its magic
    if (first !== WORK_BYTE && first !== V2_BYTE) this.#number(connection)
    connection.start(accepted)
  }

  endSession(session: number, why: string): void {
    for (const connection of [...this.#connections]) if (connection.id === session) connection.close(why)
  }

  async close(why: string): Promise<void> {
    this.#closed = true
    for (const connection of [...this.#connections]) connection.close(why)
    await Promise.all(this.#endings.values())
    await Promise.all([this.#ports.tcp.settled(), this.#ports.udp.settled()])
  }

  #oldestPending(): ServerConnection | undefined {
    for (const connection of this.#connections) if (connection.session === null) return connection
    return undefined
  }

  /** It is a session from now on. */
  #number(connection: ServerConnection): void {
    if (connection.id !== 0) return
    connection.id = ++this.#lastSession
    this.#options.tell({ type: 'session.opened', session: connection.id, remote: connection.remote })
  }

  #greeted(connection: ServerConnection, greeting: Greeting): void {
    const { stream, message } = greeting
    if (message.type === 'newWorkConn') return this.#workCame(connection, message, greeting)
    if (message.type === 'login' && connection.session === null) {
      this.#login(connection, message, greeting).catch(this.#options.onBug ?? throwBug)
      return
    }
    if (connection.mux) stream.reset()
    else connection.close(`${message.type} before a login`)
  }

  async #login(connection: ServerConnection, login: MessageOf<'login'>, { stream, rest, wire, transcript }: Greeting): Promise<void> {
    const { tell, randomBytes } = this.#options
    const { id } = connection
    const error = this.#objection(login)
    if (error !== null) {
      stream.write(wire.encode({ type: 'loginResp', version: WIRE_VERSION, error }))
      tell({ type: 'session.refused', session: id, why: error })
      return connection.closeAfterFlush(stream, error)
    }
    const runId = login.runId === '' ? Buffer.from(randomBytes(8)).toString('hex') : login.runId
    const before = this.#byRunId.get(runId)
    const session = new ServerSession({
      server: this.#options,
      id,
      runId,
      login,
      control: stream,
      wire,
      transcript,
      mux: connection.mux,
      ports: this.#ports,
      groups: this.#groups,
      names: this.#names,
      onProxyEnded: (figures) => this.#keepFigures(figures),
      onFail: (why) => connection.lost(why),
    })
    connection.loggedIn(session)
    this.#byRunId.set(runId, connection)
    stream.onGone = () => connection.lost('the control connection was lost')
    if (before !== undefined) {
      before.close('replaced by a new login')
      await this.#endings.get(before) // its ports must be free before the answer
    }
    if (connection.closed) return
    const ours = session.peerIsOurs ? { moonwalk: '1', moonwalkDatagrams: MAX_DATAGRAM_BYTES } : {}
    stream.write(wire.encode({ type: 'loginResp', version: WIRE_VERSION, runId, ...ours }))
    tell({ type: 'session.loggedIn', session: id, runId, version: login.version, user: login.user })
    session.start(rest)
  }

  #keepFigures({ connectionsEver, bytesIn, bytesOut, errorsEver }: ProxyFigures): void {
    const ended = this.#ended
    this.#ended = {
      connectionsEver: ended.connectionsEver + connectionsEver,
      bytesIn: ended.bytesIn + bytesIn,
      bytesOut: ended.bytesOut + bytesOut,
      errorsEver: ended.errorsEver + errorsEver,
    }
  }

  /** Why a login is turned down; null: it is not. */
  #objection({ privilegeKey: key, timestamp, runId }: MessageOf<'login'>): string | null {
    const { token, maxClients } = this.#options
    if (!sameKey(key, privilegeKey(token, timestamp))) return "token in login doesn't match token from configuration"
    if (Buffer.byteLength(runId) > MAX_RUN_ID_BYTES) return `run id of more than ${MAX_RUN_ID_BYTES} bytes`
    if (!this.#byRunId.has(runId) && this.#byRunId.size >= maxClients) return 'too many clients'
    return null
  }

  #workCame(connection: ServerConnection, message: MessageOf<'newWorkConn'>, { stream, rest, wire }: Greeting): void {
    const session = this.#ownerOf(connection, message)
    if (session?.addWork({ stream, wire, rest }) === true) {
      if (!connection.mux) connection.handedOver()
      return
    }
    const unknown = `no client control found for run id [${message.runId.slice(0, 64)}]`
    const error = session === null ? unknown : 'work connection pool is full, discarding'
    stream.write(wire.encode({ type: 'startWorkConn', error }))
    if (connection.mux) stream.end()
    else connection.closeAfterFlush(stream, error)
  }

  /** With mux a work connection can only be its own session's. Without, its run id names the session; our own clients prove the token too. */
  #ownerOf(connection: ServerConnection, { runId, privilegeKey: key, timestamp }: MessageOf<'newWorkConn'>): ServerSession | null {
    if (connection.mux) return connection.session?.runId === runId ? connection.session : null
    const session = this.#byRunId.get(runId)?.session ?? null
    if (session === null || !session.peerIsOurs) return session
    return sameKey(key, privilegeKey(this.#options.token, timestamp)) ? session : null
  }

  #gone(connection: ServerConnection, why: string): void {
    this.#connections.delete(connection)
    const { id, session } = connection
    if (session === null) {
      if (id !== 0) this.#options.tell({ type: 'session.closed', session: id, why })
      return
    }
    if (this.#byRunId.get(session.runId) === connection) this.#byRunId.delete(session.runId)
    const onBug = this.#options.onBug ?? throwBug
    const closed = (): void => {
      this.#endings.delete(connection)
      this.#options.tell({ type: 'session.closed', session: id, why })
    }
    const ending = session.close().catch(onBug).then(closed).catch(onBug)
    this.#endings.set(connection, ending)
  }
}
