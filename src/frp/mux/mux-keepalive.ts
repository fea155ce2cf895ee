import type { FrpClock } from '../contract.ts'

/** A timer that rings this much too late says that this machine was held up, not that the other end is gone. */
const HELD_UP_MS = 1000

/**
 * A ping, or its answer, stands behind what was sent before it: on a slow way, full of our own bytes, that takes seconds. While
 * bytes wait, or waited so lately, silence may last this long; stock's own figure.
 */
const SLOW_SILENCE_MS = 10_000

/** How the session's own bytes get away. */
export interface Sending {
  /** Some are handed over and not taken yet. */
  readonly waiting: boolean
  /** When some that had to wait were last taken, which is a sign of life as good as any byte that arrives. */
  readonly tookAt: number
}

export interface KeepaliveOptions {
  readonly clock: FrpClock
  /** A ping this often; 0: never. */
  readonly keepaliveMs: number
  /** From a ping to the end, if nothing at all arrives in between. */
  readonly silenceMs: number
  readonly sending: () => Sending
  readonly ping: () => void
  /** `silent for N ms`; called once. */
  readonly dead: (why: string) => void
}

/** Pings, and tells when the other end has fallen silent. Any byte is a sign of life. */
export class Keepalive {
  readonly #options: KeepaliveOptions
  #keepaliveMs: number
  #silenceMs: number
  #running = false
  #heardAt = 0
  #nextPing: unknown = null
  #verdict: unknown = null

  constructor(options: KeepaliveOptions) {
    this.#options = options
    this.#keepaliveMs = options.keepaliveMs
    this.#silenceMs = options.silenceMs
  }

  start(): void {
    this.#running = true
    this.#heardAt = this.#options.clock.now()
    this.#armPing()
  }

  heard(): void {
    this.#heardAt = this.#options.clock.now()
  }

  /** Another pace, from now on. */
  pace(keepaliveMs: number, silenceMs: number): void {
    this.#keepaliveMs = keepaliveMs
    this.#silenceMs = silenceMs
    if (!this.#running) return
    this.stop()
    this.start()
  }

  stop(): void {
    const { clock } = this.#options
    this.#running = false
    if (this.#nextPing !== null) clock.clearTimeout(this.#nextPing)
    if (this.#verdict !== null) clock.clearTimeout(this.#verdict)
    this.#nextPing = null
    this.#verdict = null
  }

  #armPing(): void {
    const { clock } = this.#options
    if (this.#keepaliveMs <= 0) return
    this.#nextPing = clock.setTimeout(() => {
      this.#armPing()
      if (this.#verdict === null) this.#armVerdict()
      this.#options.ping()
    }, this.#keepaliveMs)
  }

  #armVerdict(): void {
    this.#awaitVerdict(this.#options.clock.now(), this.#silenceMs)
  }

  #awaitVerdict(askedAt: number, waitMs: number): void {
    const { clock, sending, dead } = this.#options
    const dueAt = clock.now() + waitMs
    this.#verdict = clock.setTimeout(() => {
      this.#verdict = null
      if (this.#heardAt >= askedAt) return
      const now = clock.now()
      if (now - dueAt > HELD_UP_MS) return this.#armVerdict()
      const { waiting, tookAt } = sending()
      const leftMs = waiting || now - tookAt < SLOW_SILENCE_MS ? Math.max(askedAt, tookAt) + SLOW_SILENCE_MS - now : 0
      if (leftMs > 0) return this.#awaitVerdict(askedAt, Math.min(this.#silenceMs, leftMs))
      this.stop()
      dead(`silent for ${Math.round(now - this.#heardAt)} ms`)
    }, waitMs)
  }
}
