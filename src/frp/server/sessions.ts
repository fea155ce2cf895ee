// Who is logged in: by run id, by member, and by ration.
import type { FrpServerOptions } from '../contract.ts'
import { privilegeKey, sameKey } from '../wire/crypto.ts'
import type { MessageOf } from '../wire/messages.ts'
import type { ClientOwner } from './client-owner.ts'
import type { Leases } from './leases.ts'
import type { Rationing } from './rationing.ts'
import type { ServerConnection } from './server-connection.ts'
import { plainHost } from './server-proxy.ts'
import type { ServerSession } from './server-session.ts'

interface SessionsOptions {
  readonly server: Pick<FrpServerOptions, 'clock' | 'randomBytes' | 'maxClients'>
  readonly leases: Leases
  /** Null: nobody is rationed. */
  readonly rationing: Rationing | null
}

export class Sessions {
  readonly #options: SessionsOptions
  readonly #byRunId = new Map<string, ServerConnection>()
  /** A member has one session. */
  readonly #byMember = new Map<string, ServerConnection>()
  /** Strangers' sessions, and how to take each out of the count. */
  readonly #rationed = new Map<ServerConnection, () => void>()

  constructor(options: SessionsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#byRunId.size
  }

  get all(): readonly ServerSession[] {
    return [...this.#byRunId.values()].flatMap(({ session }) => session ?? [])
  }

  /** The sessions that a login takes the place of: a member's own, and that of its run id, if it is the same owner's. */
  replacedBy(owner: ClientOwner, runId: string): readonly ServerConnection[] {
    const same = this.#byRunId.get(runId)
    const own = owner.member === null ? undefined : this.#byMember.get(owner.member)
    const replaced = [own, same?.session?.owner.key === owner.key ? same : undefined]
    return [...new Set(replaced)].filter((connection) => connection !== undefined)
  }

  /** A run id that is another's, or is kept for it, is not given away: there is a new one instead. */
  runIdFor(owner: ClientOwner, runId: string): string {
    const { clock, randomBytes } = this.#options.server
    const isFree = runId !== '' && !this.#options.leases.isOthers('run id', runId, { owner: owner.key }, clock.now())
    return isFree ? runId : Buffer.from(randomBytes(8)).toString('hex')
  }

  /** Why there is no place for one more; null: there is. */
  objection(owner: ClientOwner, replaced: readonly ServerConnection[]): string | null {
    if (replaced.length === 0 && this.#byRunId.size >= this.#options.server.maxClients) return 'too many clients'
    const kind = rationedAs(owner)
    // of the address's own: a member that moves to another one is counted there
    const leaving = replaced.filter(({ session }) => session?.owner.address === owner.address).length
    return kind === null ? null : (this.#options.rationing?.loginObjection(kind, owner.address, leaving) ?? null)
  }

  begin(connection: ServerConnection, owner: ClientOwner, runId: string): void {
    const { leases, rationing } = this.#options
    this.#byRunId.set(runId, connection)
    if (owner.member !== null) this.#byMember.set(owner.member, connection)
    leases.take('run id', runId, { owner: owner.key, isStranger: owner.type === 'stranger' })
    const kind = rationedAs(owner)
    if (kind !== null && rationing !== null)
      this.#rationed.set(
        connection,
        rationing.begin(kind, owner.address, (why) => connection.close(why)),
      )
  }

  end(connection: ServerConnection, { owner, runId }: ServerSession): void {
    if (this.#byRunId.get(runId) === connection) {
      this.#byRunId.delete(runId)
      this.#options.leases.leave('run id', runId, owner.key, this.#options.server.clock.now())
    }
    if (owner.member !== null && this.#byMember.get(owner.member) === connection) this.#byMember.delete(owner.member)
    this.#rationed.get(connection)?.()
    this.#rationed.delete(connection)
  }

  /**
   * With mux a work connection can only be its own session's. Without, its run id names the session, whose owner must have brought it:
   * the same member, or somebody at the same address; our own clients prove the token too.
   */
  ownerOfWork(connection: ServerConnection, { runId, privilegeKey: key, timestamp }: MessageOf<'newWorkConn'>): ServerSession | null {
    if (connection.mux) return connection.session?.runId === runId ? connection.session : null
    const has = this.#byRunId.get(runId)
    const session = has?.session ?? null
    if (has === undefined || session === null || has.from.member !== connection.from.member) return null
    if (session.owner.member !== null) return session
    if (plainHost(has.from.remote.host) !== plainHost(connection.from.remote.host)) return null
    return !session.peerIsOurs || sameKey(key, privilegeKey(session.owner.token, timestamp)) ? session : null
  }
}

/** How a login is counted where strangers are; null: it belongs here. */
const rationedAs = ({ type, trusted }: ClientOwner): 'stranger' | 'node' | null =>
  trusted ? null : type === 'stranger' ? 'stranger' : 'node'
