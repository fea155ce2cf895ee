// The TURN's end of frp: who is connected, who is logged in, and which work connection belongs to whom.
import { throwBug } from '../bugs.ts'
import type { FrpServer, FrpServerOptions, RationName } from '../contract.ts'
import type { AcceptedLink } from '../links/link.ts'
import type { ProxyFigures } from '../meters/proxy-meter.ts'
import { WIRE_VERSION } from '../wire/codec.ts'
import { MAX_DATAGRAM_BYTES } from '../wire/datagram-size.ts'
import type { MessageOf } from '../wire/messages.ts'
import { type ClientOwner, ownerOf } from './client-owner.ts'
import { type KeptLease, Leases } from './leases.ts'
import { PendingLogins } from './pending-logins.ts'
import { PortPool } from './port-pool.ts'
import { Rationing } from './rationing.ts'
import { type Greeting, ServerConnection } from './server-connection.ts'
import { ServerSession, type ServerSessionFigures } from './server-session.ts'
import { type NamedProxy, SessionClaims } from './session-claims.ts'
import { Sessions } from './sessions.ts'
import { TcpGroups } from './tcp-groups.ts'

const MUX_BYTE = 0x00
const WORK_BYTE = 0x77 // w
const V2_BYTE = 0x46 // F
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
  readonly #names = new Map<string, NamedProxy>()
  readonly #leases: Leases
  /** Null: nobody is rationed. */
  readonly #rationing: Rationing | null
  readonly #connections = new Set<ServerConnection>()
  readonly #pending = new PendingLogins()
  readonly #sessions: Sessions
  /** Sessions that are ending: their ports are not free yet. */
  readonly #endings = new Map<ServerConnection, Promise<void>>()
  #ended: FrpServerFigures['ended'] = { connectionsEver: 0, bytesIn: 0, bytesOut: 0, errorsEver: 0 }
  #lastSession = 0
  #closed = false
  /** It is about to go. */
  #takesNobody = false

  constructor(options: FrpServerOptions) {
    this.#options = options
    const leases = new Leases(options.onLeases)
    this.#leases = leases
    this.#ports = { tcp: new PortPool({ ...options, leases, kind: 'tcp' }), udp: new PortPool({ ...options, leases, kind: 'udp' }) }
    const { clock, rations = null, tell } = options
    const onMet = (ration: RationName, address: string): void => tell({ type: 'ration.met', ration, address })
    this.#rationing = rations === null ? null : new Rationing({ clock, rations, onMet })
    this.#sessions = new Sessions({ server: options, leases, rationing: this.#rationing })
    this.#groups = new TcpGroups(this.#ports.tcp, options.listen)
  }

  get sessionCount(): number {
    return this.#sessions.size
  }

  figures(): FrpServerFigures {
    return {
      pendingLogins: this.#pending.size,
      portsTaken: this.#ports.tcp.takenCount + this.#ports.udp.takenCount,
      sessions: this.#sessions.all.map(({ figures }) => figures),
      ended: this.#ended,
    }
  }

  domainOwner(domain: string): string | null {
    return this.#leases.holder('domain', domain, this.#options.clock.now())?.owner ?? null
  }

  keptLeases(): readonly KeptLease[] {
    return this.#leases.kept(this.#options.clock.now())
  }

  restoreLeases(kept: readonly KeptLease[]): void {
    this.#leases.restore(kept, this.#options.clock.now())
  }

  accept(accepted: AcceptedLink): void {
    if (this.#closed) return accepted.refuse()
    this.#pending.makeRoom(accepted)
    const first = accepted.first?.[0] ?? MUX_BYTE
    const connection = new ServerConnection({
      server: this.#options,
      accepted,
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
    this.#pending.add(connection)
    // without mux wire v2 tells a login from a work connection only behind its magic
    if (first !== WORK_BYTE && first !== V2_BYTE) this.#number(connection)
    connection.start()
  }

  stopTaking(): void {
    this.#takesNobody = true
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
    const { tell } = this.#options
    const { id, from } = connection
    const owner = ownerOf(from, login, this.#options)
    const before = owner === null ? [] : this.#sessions.replacedBy(owner, login.runId)
    const error = owner === null ? WRONG_TOKEN : this.#objection(owner, login, before)
    if (owner === null || error !== null) {
      stream.write(wire.encode({ type: 'loginResp', version: WIRE_VERSION, error: error ?? WRONG_TOKEN }))
      tell({ type: 'session.refused', session: id, why: error ?? WRONG_TOKEN })
      return connection.closeAfterFlush(stream, error ?? WRONG_TOKEN)
    }
    const runId = this.#sessions.runIdFor(owner, login.runId)
    const { leases, rationing, names } = { leases: this.#leases, rationing: this.#rationing, names: this.#names }
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
      claims: new SessionClaims({ server: this.#options, owner, leases, rationing, names }),
      onProxyEnded: (figures) => this.#keepFigures(figures),
      onFail: (why) => connection.lost(why),
    })
    connection.loggedIn(session)
    this.#pending.delete(connection)
    this.#sessions.begin(connection, owner, runId)
    stream.onGone = () => connection.lost('the control connection was lost')
    for (const replaced of before) replaced.close('replaced by a new login')
    for (const replaced of before) await this.#endings.get(replaced) // its ports must be free before the answer
    if (connection.closed) return
    const { first, last } = this.#options.ports
    const ours = session.peerIsOurs ? { moonwalk: '1', moonwalkDatagrams: MAX_DATAGRAM_BYTES, moonwalkPorts: `${first}-${last}` } : {}
    stream.write(wire.encode({ type: 'loginResp', version: WIRE_VERSION, runId, ...ours }))
    tell({ type: 'session.loggedIn', session: id, runId, version: login.version, user: login.user, member: owner.member })
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
  #objection(owner: ClientOwner, { runId }: MessageOf<'login'>, replaced: readonly ServerConnection[]): string | null {
    if (this.#takesNobody) return 'this server is going away'
    if (Buffer.byteLength(runId) > MAX_RUN_ID_BYTES) return `run id of more than ${MAX_RUN_ID_BYTES} bytes`
    return this.#sessions.objection(owner, replaced)
  }

  #workCame(connection: ServerConnection, message: MessageOf<'newWorkConn'>, { stream, rest, wire }: Greeting): void {
    const session = this.#sessions.ownerOfWork(connection, message)
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

  #gone(connection: ServerConnection, why: string): void {
    this.#connections.delete(connection)
    this.#pending.delete(connection)
    const { id, session } = connection
    if (session === null) {
      if (id !== 0) this.#options.tell({ type: 'session.closed', session: id, why })
      return
    }
    this.#sessions.end(connection, session)
    const onBug = this.#options.onBug ?? throwBug
    const closed = (): void => {
      this.#endings.delete(connection)
      this.#options.tell({ type: 'session.closed', session: id, why })
    }
    const ending = session.close().catch(onBug).then(closed).catch(onBug)
    this.#endings.set(connection, ending)
  }
}

/** frp's words. */
const WRONG_TOKEN = "token in login doesn't match token from configuration"
