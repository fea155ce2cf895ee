// Connections that have not logged in yet, so that they can't fill the memory.
import type { AcceptedLink } from '../links/link.ts'
import { rationAddress } from './client-owner.ts'
import type { ServerConnection } from './server-connection.ts'

/**
 * When there is one more, the oldest is closed: a login comes with the first bytes, and connections that only wait must not keep one
 * out.
 */
const MAX_PENDING_LOGINS = 256
/** Of them from one address: a stock client without mux brings so many work connections at once. */
const MAX_PENDING_OF_ONE = 128

export class PendingLogins {
  /** The oldest first. */
  readonly #all = new Set<ServerConnection>()
  /** By address; without members'. */
  readonly #of = new Map<string, Set<ServerConnection>>()

  get size(): number {
    return this.#all.size
  }

  /** Of one address, and in all. A member's connection is no stranger's, whatever its address. */
  makeRoom({ remote, member }: AcceptedLink): void {
    const [oldest] = this.#all
    if (this.#all.size >= MAX_PENDING_LOGINS) oldest?.close('too many others came before it logged in')
    if (member !== undefined) return
    const pending = this.#of.get(rationAddress(remote.host))
    const [oldestThere] = pending ?? []
    if (pending !== undefined && pending.size >= MAX_PENDING_OF_ONE)
      oldestThere?.close('too many others came from its address before it logged in')
  }

  add(connection: ServerConnection): void {
    this.#all.add(connection)
    if (connection.from.member !== undefined) return
    const address = rationAddress(connection.from.remote.host)
    const pending = this.#of.get(address) ?? new Set()
    this.#of.set(address, pending.add(connection))
  }

  /** It logged in, or is closed. */
  delete(connection: ServerConnection): void {
    this.#all.delete(connection)
    const address = rationAddress(connection.from.remote.host)
    const pending = this.#of.get(address)
    pending?.delete(connection)
    if (pending?.size === 0) this.#of.delete(address)
  }
}
