import type { FrpClock } from '../contract.ts'

/** A timer that runs this much too late shows that this machine was busy or asleep, not that the other end is gone. */
const LATE_TIMER_MS = 1000

/**
 * A ping and its answer are behind what was sent before them. On a slow path that is full of our own bytes this takes seconds. So
 * while bytes wait to be taken, or did within this time, silence may last this long; stock frp's own figure.
 */
const SLOW_SILENCE_MS = 10_000

/** How the session's own bytes get away. */
export interface Sending {
  /** Some were handed to the link and are not taken yet. */
  readonly waiting: boolean
  /** When some that had to wait were last taken. That shows that the other end lives, as a byte from it would. */
  readonly tookAt: number
}

export interface KeepaliveOptions {
  readonly clock: FrpClock
  /** A ping this often; 0: never. */
  readonly keepaliveMs: number
  /** Only while nothing was heard for as long: of two ends that both ask, one does at rest. */
  readonly onlyQuiet: boolean
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
  /** When the first ping went out since anything was heard. */
  #askedAt = 0
  #nextPing: unknown = null
  #deadline: unknown = null

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

  /** Other intervals, from now on. */
  setIntervals(keepaliveMs: number, silenceMs: number): void {
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
    if (this.#deadline !== null) clock.clearTimeout(this.#deadline)
    this.#nextPing = null
    this.#deadline = null
  }

  #armPing(waitMs = this.#keepaliveMs): void {
    const { clock } = this.#options
    if (this.#keepaliveMs <= 0) return
    this.#nextPing = clock.setTimeout(() => {
      const leftMs = this.#options.onlyQuiet ? this.#heardAt + this.#keepaliveMs - clock.now() : 0
      if (leftMs > 0) return this.#armPing(leftMs)
      this.#armPing()
      if (this.#heardAt >= this.#askedAt) this.#askedAt = clock.now()
      if (this.#deadline === null) this.#armDeadline()
      this.#options.ping()
    }, waitMs)
  }

  #armDeadline(): void {
    this.#awaitUntil(this.#options.clock.now(), this.#silenceMs)
  }

  #awaitUntil(askedAt: number, waitMs: number): void {
    const { clock, sending, dead } = this.#options
    const dueAt = clock.now() + waitMs
    this.#deadline = clock.setTimeout(() => {
      this.#deadline = null
      const now = clock.now()
      if (this.#heardAt >= askedAt) {
        // The ping of this deadline was answered; a later one may not be.
        const isAnswered = this.#heardAt >= this.#askedAt
        return isAnswered ? undefined : this.#awaitUntil(this.#askedAt, Math.max(0, this.#askedAt + this.#silenceMs - now))
      }
      if (now - dueAt > LATE_TIMER_MS) return this.#armDeadline()
      const { waiting, tookAt } = sending()
      const leftMs = waiting || now - tookAt < SLOW_SILENCE_MS ? Math.max(askedAt, tookAt) + SLOW_SILENCE_MS - now : 0
      if (leftMs > 0) return this.#awaitUntil(askedAt, Math.min(this.#silenceMs, leftMs))
      this.stop()
      dead(`silent for ${Math.round(now - this.#heardAt)} ms`)
    }, waitMs)
  }
}
