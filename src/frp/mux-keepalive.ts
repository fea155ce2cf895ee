import type { FrpClock } from './contract.ts'

/** A timer that rings this much too late says that this machine was held up, not that the other end is gone. */
const HELD_UP_MS = 1000

export interface KeepaliveOptions {
  readonly clock: FrpClock
  /** A ping this often; 0: never. */
  readonly keepaliveMs: number
  /** From a ping to the end, if nothing at all arrives in between. */
  readonly silenceMs: number
  readonly ping: () => void
  /** `silent for N ms`; called once. */
  readonly dead: (why: string) => void
}

/** Pings, and tells when the other end has fallen silent. Any byte is a sign of life. */
export class Keepalive {
  readonly #options: KeepaliveOptions
  #heardAt = 0
  #nextPing: unknown = null
  #verdict: unknown = null

  constructor(options: KeepaliveOptions) {
    this.#options = options
  }

  start(): void {
    this.#heardAt = this.#options.clock.now()
    this.#armPing()
  }

  heard(): void {
    this.#heardAt = this.#options.clock.now()
  }

  stop(): void {
    const { clock } = this.#options
    if (this.#nextPing !== null) clock.clearTimeout(this.#nextPing)
    if (this.#verdict !== null) clock.clearTimeout(this.#verdict)
    this.#nextPing = null
    this.#verdict = null
  }

  #armPing(): void {
    const { clock, keepaliveMs } = this.#options
    if (keepaliveMs <= 0) return
    this.#nextPing = clock.setTimeout(() => {
      this.#armPing()
      if (this.#verdict === null) this.#armVerdict()
      this.#options.ping()
    }, keepaliveMs)
  }

  #armVerdict(): void {
    const { clock, silenceMs } = this.#options
    const askedAt = clock.now()
    this.#verdict = clock.setTimeout(() => {
      this.#verdict = null
      if (this.#heardAt >= askedAt) return
      const now = clock.now()
      if (now - askedAt - silenceMs > HELD_UP_MS) return this.#armVerdict()
      this.stop()
      this.#options.dead(`silent for ${Math.round(now - this.#heardAt)} ms`)
    }, silenceMs)
  }
}
