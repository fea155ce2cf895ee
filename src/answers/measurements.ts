// What one measurement came to.
import type { BothWays, SpeedFigure } from '../domain/speed-figure.ts'

export interface PingAnswer {
  readonly schemaVersion: 1
  /** Best of the samples. */
  readonly rttMs: number
  readonly samples: readonly number[]
  /** Answers beside them that came while this machine was late itself. */
  readonly discarded: number
  /** A speed test over the same path ran meanwhile: its queues were timed too. */
  readonly isLoaded: boolean
  /** TCP's handshake: of this measurement, or where a warm connection was used the last that is known; null: none is. */
  readonly connectMs: number | null
  /** Every answer came while this machine was late itself: the least of them, so that the path takes no longer. */
  readonly isRough?: true
  /** The TURN that the peer is reached through; null: directly. */
  readonly via: { readonly id: string; readonly name: string } | null
}

export interface SpeedtestAnswer extends BothWays {
  readonly schemaVersion: 1
  readonly down: SpeedWayAnswer
  readonly up: SpeedWayAnswer
}

/** How one way of a speed test went. */
export interface SpeedWayAnswer extends SpeedFigure {
  /** The same as a clause. */
  readonly words: string
}
