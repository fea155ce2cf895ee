// The users of a udp service, counted in the same way at both ends. UDP has no connections, so a user counts while datagrams pass.

/** A user who was silent for this long has left; frp closes its socket then. */
const IDLE_MS = 30_000
/** Users remembered: those of whom something was heard last. One who is forgotten counts anew. */
const MAX_USERS = 4_096

export class UdpFlows {
  /** When a datagram last passed, the latest at the end. */
  readonly #lastAtMs = new Map<string, number>()
  #ever = 0

  get ever(): number {
    return this.#ever
  }

  /** A datagram passed, from the user or to it. */
  passed(user: string, nowMs: number): void {
    const lastAtMs = this.#lastAtMs.get(user)
    if (lastAtMs === nowMs) return
    if (lastAtMs === undefined || nowMs - lastAtMs >= IDLE_MS) this.#ever++
    this.#lastAtMs.delete(user)
    this.#lastAtMs.set(user, nowMs)
    if (this.#lastAtMs.size <= MAX_USERS) return
    const [oldest] = this.#lastAtMs.keys()
    if (oldest !== undefined) this.#lastAtMs.delete(oldest)
  }

  /** Users now; forgets those who left. */
  now(nowMs: number): number {
    for (const [user, lastAtMs] of this.#lastAtMs) {
      if (nowMs - lastAtMs < IDLE_MS) break
      this.#lastAtMs.delete(user)
    }
    return this.#lastAtMs.size
  }
}
