// Requests to one peer share its connections: one is made at a time, and another beside it only where what stands stays busy. Where a
// handshake takes long, as on a busy machine, each request would else begin one of its own, and all of them would take longer still.
import type { Agent } from 'node:http'

/** A connection that stands and is busy is waited for this long before another is made, or for as long as that would take. */
const BUSY_MS = 250

/** Gives a turn back: at once, or when the connection that was begun in it stands or has failed. More than once is no harm. */
export type Over = () => void

export class DialTurns {
  readonly #agent: Agent
  /** By the agent's name of a peer: who waits while another has the turn. */
  readonly #waiting = new Map<string, (() => void)[]>()
  /** Connections that are being made: what follows the end of that. */
  readonly #dials = new Map<string, (() => void)[]>()
  readonly #busy = new Map<string, Set<() => void>>()
  /** What the last one took. */
  #dialMs = 0

  constructor(agent: Agent) {
    this.#agent = agent
    // The agent hears it first, and keeps the connection warm.
    agent.on('free', (_, options) => {
      for (const wake of this.#busy.get(agent.getName(options)) ?? []) wake()
    })
  }

  /** Settles when a request may go out, on a warm connection or on one that is made for it. Null: not within `ms`. */
  async take(name: string, ms: number): Promise<Over | null> {
    const endMs = performance.now() + ms
    if (!(await this.#mine(name, ms))) return null
    let isOver = false
    const pass = (): void => {
      if (!isOver) this.#pass(name)
      isOver = true
    }
    await this.#freed(name, Math.min(Math.max(BUSY_MS, this.#dialMs), endMs - performance.now()))
    if (performance.now() >= endMs) {
      pass()
      return null
    }
    return () => {
      const following = this.#dials.get(name)
      if (following === undefined) pass()
      else following.push(pass)
    }
  }

  /** A connection is being made. Answers what to call when that has ended. */
  dial(name: string): () => void {
    const following: (() => void)[] = []
    const begunAt = performance.now()
    this.#dials.set(name, following)
    return () => {
      this.#dialMs = performance.now() - begunAt
      if (this.#dials.get(name) === following) this.#dials.delete(name)
      for (const follow of following) follow()
    }
  }

  #mine(name: string, ms: number): Promise<boolean> {
    const line = this.#waiting.get(name)
    if (line === undefined) {
      this.#waiting.set(name, [])
      return Promise.resolve(true)
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        line.splice(line.indexOf(go), 1)
        resolve(false)
      }, ms)
      const go = (): void => {
        clearTimeout(timer)
        resolve(true)
      }
      line.push(go)
    })
  }

  #pass(name: string): void {
    const next = this.#waiting.get(name)?.shift()
    if (next === undefined) this.#waiting.delete(name)
    else next()
  }

  /** Until one of those that stand is free; at once where none stands, or one is. */
  #freed(name: string, ms: number): Promise<void> {
    const isThere = (sockets: readonly { readonly destroyed: boolean }[] = []): boolean => sockets.some(({ destroyed }) => !destroyed)
    if (isThere(this.#agent.freeSockets[name]) || !isThere(this.#agent.sockets[name])) return Promise.resolve()
    return new Promise((resolve) => {
      const wakes = this.#busy.get(name) ?? new Set()
      const wake = (): void => {
        clearTimeout(timer)
        wakes.delete(wake)
        if (wakes.size === 0) this.#busy.delete(name)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      this.#busy.set(name, wakes.add(wake))
    })
  }
}
