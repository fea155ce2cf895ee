import type { Random } from '../../src/ports.ts'

/** How one host's packets fare on the way to another. One direction; what it says may be changed while the world lives. */
export interface RouteFacts {
  /** One way. */
  latencyMs: number
  /** Up to so much is added, by chance. Order is kept. */
  jitterMs: number
  /** Share of packets lost, from 0 to 1. TCP sends them again after 200 ms, 400 ms …, and a lost connect after 1 s, 2 s … */
  loss: number
  /** Bytes that enter the route per ms, shared by all its connections. */
  bytesPerMs: number
  /** What a write is cut into. */
  pieceBytes: number
  /** `silent`: packets vanish. `unreachable`: connects are told so, at once. */
  state: 'up' | 'silent' | 'unreachable'
}

export const DEFAULT_ROUTE: Readonly<RouteFacts> = {
  latencyMs: 5,
  jitterMs: 0,
  loss: 0,
  bytesPerMs: Number.POSITIVE_INFINITY,
  pieceBytes: 64 << 10,
  state: 'up',
}

/** A route at work. */
export class Route implements RouteFacts {
  latencyMs: number
  jitterMs: number
  loss: number
  bytesPerMs: number
  pieceBytes: number
  state: RouteFacts['state']
  readonly #random: Random
  readonly #swallowed: () => boolean
  readonly #lostEverywhere: () => number
  #freeAtMs = 0

  /** `swallowed`: nothing gets from the one host to the other just now. `lostEverywhere`: the share that is lost on all routes. */
  constructor(facts: Readonly<RouteFacts>, random: Random, swallowed: () => boolean, lostEverywhere: () => number = () => 0) {
    this.latencyMs = facts.latencyMs
    this.jitterMs = facts.jitterMs
    this.loss = facts.loss
    this.bytesPerMs = facts.bytesPerMs
    this.pieceBytes = facts.pieceBytes
    this.state = facts.state
    this.#random = random
    this.#swallowed = swallowed
    this.#lostEverywhere = lostEverywhere
  }

  /** When bytes handed over at `nowMs` reach the other end. */
  arrivalMs(nowMs: number, bytes: number): number {
    const startMs = Math.max(nowMs, this.#freeAtMs)
    this.#freeAtMs = startMs + bytes / this.bytesPerMs
    return this.#freeAtMs + this.latencyMs + (this.jitterMs > 0 ? this.#random.fraction() * this.jitterMs : 0)
  }

  /** From now on so many bytes enter it per ms, what waits for it included: a path that is wide again is not held up by what it was narrow for. */
  widen(bytesPerMs: number, nowMs: number): void {
    const waitingBytes = Math.max(0, this.#freeAtMs - nowMs) * this.bytesPerMs
    this.#freeAtMs = Number.isFinite(waitingBytes) ? nowMs + waitingBytes / bytesPerMs : nowMs
    this.bytesPerMs = bytesPerMs
  }

  /** Whether the packet that should arrive now does not. */
  loses(): boolean {
    if (this.state !== 'up' || this.#swallowed()) return true
    const loss = Math.max(this.loss, this.#lostEverywhere())
    return loss > 0 && this.#random.fraction() < loss
  }
}
