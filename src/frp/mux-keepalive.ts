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
    const { clock } = this.#options
    const silenceMs = this.#silenceMs
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
