// The TURN's end of frp: who is connected, who is logged in, and which work connection belongs to whom.
import { throwBug } from '../bugs.ts'
import type { FrpServer, FrpServerOptions, RationName } from '../contract.ts'
import type { AcceptedLink } from '../links/link.ts'
import type { ProxyFigures } from '../meters/proxy-meter.ts'
import { WIRE_VERSION } from '../wire/codec.ts'
import { privilegeKey, sameKey } from '../wire/crypto.ts'
import { MAX_DATAGRAM_BYTES } from '../wire/datagram-size.ts'
import type { MessageOf } from '../wire/messages.ts'
import { type ClientOwner, ownerOf, rationAddress } from './client-owner.ts'
import { type KeptLease, Leases } from './leases.ts'
import { PortPool } from './port-pool.ts'
import { Rationing } from './rationing.ts'
import { type Greeting, ServerConnection } from './server-connection.ts'
import { plainHost } from './server-proxy.ts'
import { ServerSession, type ServerSessionFigures } from './server-session.ts'
import { type NamedProxy, SessionClaims } from './session-claims.ts'
import { TcpGroups } from './tcp-groups.ts'

const MUX_BYTE = 0x00
const WORK_BYTE = 0x77 // w
const V2_BYTE = 0x46 // F
/**
 * Connections that have not logged in yet, so that they can't fill the memory. When there is one more, the oldest is closed: a login
 * comes with the first bytes, and connections that only wait must not keep one out.
 */
const MAX_PENDING_LOGINS = 256
/** Of them from one address: a stock client without mux brings so many work connections at once. */
const MAX_PENDING_OF_ONE = 128
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
  /** Those that have not logged in, by address; without members'. */
  readonly #pendingOf = new Map<string, Set<ServerConnection>>()
  readonly #byRunId = new Map<string, ServerConnection>()
  /** A member has one session. */
  readonly #byMember = new Map<string, ServerConnection>()
  /** Strangers' sessions, and how to take each out of the count. */
  readonly #rationed = new Map<ServerConnection, () => void>()
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
    this.#makeRoom(accepted)
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
    this.#waits(connection)
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

  /** Of one address, and in all. A member's connection is no stranger's, whatever its address. */
  #makeRoom({ remote, member }: AcceptedLink): void {
    if (this.#connections.size - this.#byRunId.size >= MAX_PENDING_LOGINS)
      this.#oldestPending()?.close('too many others came before it logged in')
    if (member !== undefined) return
    const pending = this.#pendingOf.get(rationAddress(remote.host))
    const [oldest] = pending ?? []
    if (pending !== undefined && pending.size >= MAX_PENDING_OF_ONE)
      oldest?.close('too many others came from its address before it logged in')
  }

  #waits(connection: ServerConnection): void {
    if (connection.from.member !== undefined) return
    const address = rationAddress(connection.from.remote.host)
    const pending = this.#pendingOf.get(address) ?? new Set()
    this.#pendingOf.set(address, pending.add(connection))
  }

  #waitsNoMore(connection: ServerConnection): void {
    const address = rationAddress(connection.from.remote.host)
    const pending = this.#pendingOf.get(address)
    pending?.delete(connection)
    if (pending?.size === 0) this.#pendingOf.delete(address)
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
    const { tell } = this.#options
    const { id, from } = connection
    const owner = ownerOf(from, login, this.#options)
    const before = owner === null ? [] : this.#replaced(owner, login.runId)
    const error = owner === null ? WRONG_TOKEN : this.#objection(owner, login, before)
    if (owner === null || error !== null) {
      stream.write(wire.encode({ type: 'loginResp', version: WIRE_VERSION, error: error ?? WRONG_TOKEN }))
      tell({ type: 'session.refused', session: id, why: error ?? WRONG_TOKEN })
      return connection.closeAfterFlush(stream, error ?? WRONG_TOKEN)
    }
    const runId = this.#runIdFor(owner, login.runId)
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
    this.#begin(connection, owner, runId)
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

  /** The sessions that a login takes the place of: a member's own, and that of its run id, if it is the same owner's. */
  #replaced(owner: ClientOwner, runId: string): readonly ServerConnection[] {
    const same = this.#byRunId.get(runId)
    const own = owner.member === null ? undefined : this.#byMember.get(owner.member)
    const replaced = [own, same?.session?.owner.key === owner.key ? same : undefined]
    return [...new Set(replaced)].filter((connection) => connection !== undefined)
  }

  /** A run id that is another's, or is kept for it, is not given away: there is a new one instead. */
  #runIdFor(owner: ClientOwner, runId: string): string {
    const { clock, randomBytes } = this.#options
    const isFree = runId !== '' && !this.#leases.isOthers('run id', runId, { owner: owner.key }, clock.now())
    return isFree ? runId : Buffer.from(randomBytes(8)).toString('hex')
  }

  /** Why a login is turned down; null: it is not. */
  #objection(owner: ClientOwner, { runId }: MessageOf<'login'>, replaced: readonly ServerConnection[]): string | null {
    if (this.#takesNobody) return 'this server is going away'
    if (Buffer.byteLength(runId) > MAX_RUN_ID_BYTES) return `run id of more than ${MAX_RUN_ID_BYTES} bytes`
    if (replaced.length === 0 && this.#byRunId.size >= this.#options.maxClients) return 'too many clients'
    const kind = rationedAs(owner)
    // of the address's own: a member that moves to another one is counted there
    const leaving = replaced.filter(({ session }) => session?.owner.address === owner.address).length
    return kind === null ? null : (this.#rationing?.loginObjection(kind, owner.address, leaving) ?? null)
  }

  #begin(connection: ServerConnection, owner: ClientOwner, runId: string): void {
    this.#waitsNoMore(connection)
    this.#byRunId.set(runId, connection)
    if (owner.member !== null) this.#byMember.set(owner.member, connection)
    this.#leases.take('run id', runId, { owner: owner.key, isStranger: owner.type === 'stranger' })
    const kind = rationedAs(owner)
    if (kind !== null && this.#rationing !== null)
      this.#rationed.set(
        connection,
        this.#rationing.begin(kind, owner.address, (why) => connection.close(why)),
      )
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

  /**
   * With mux a work connection can only be its own session's. Without, its run id names the session, whose owner must have brought it:
   * the same member, or somebody at the same address; our own clients prove the token too.
   */
  #ownerOf(connection: ServerConnection, { runId, privilegeKey: key, timestamp }: MessageOf<'newWorkConn'>): ServerSession | null {
    if (connection.mux) return connection.session?.runId === runId ? connection.session : null
    const has = this.#byRunId.get(runId)
    const session = has?.session ?? null
    if (has === undefined || session === null || has.from.member !== connection.from.member) return null
    if (session.owner.member !== null) return session
    if (plainHost(has.from.remote.host) !== plainHost(connection.from.remote.host)) return null
    return !session.peerIsOurs || sameKey(key, privilegeKey(session.owner.token, timestamp)) ? session : null
  }

  #gone(connection: ServerConnection, why: string): void {
    this.#connections.delete(connection)
    this.#waitsNoMore(connection)
    const { id, session } = connection
    if (session === null) {
      if (id !== 0) this.#options.tell({ type: 'session.closed', session: id, why })
      return
    }
    const { owner, runId } = session
    if (this.#byRunId.get(runId) === connection) {
      this.#byRunId.delete(runId)
      this.#leases.leave('run id', runId, owner.key, this.#options.clock.now())
    }
    if (owner.member !== null && this.#byMember.get(owner.member) === connection) this.#byMember.delete(owner.member)
    this.#rationed.get(connection)?.()
    this.#rationed.delete(connection)
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

/** How a login is counted where strangers are; null: it belongs here. */
const rationedAs = ({ type, trusted }: ClientOwner): 'stranger' | 'node' | null =>
  trusted ? null : type === 'stranger' ? 'stranger' : 'node'
