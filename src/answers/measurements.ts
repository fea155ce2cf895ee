// What one measurement came to.

export interface PingAnswer {
  readonly schemaVersion: 1
  /** Best of the samples. */
  readonly rttMs: number
  readonly samples: readonly number[]
  /** Answers beside them that came while this machine was late itself. */
  readonly discarded: number
  /** A speed test over the same path ran meanwhile: its queues were timed too. */
  readonly isLoaded: boolean
  /** TCP's handshake; null where a warm connection was used. */
  readonly connectMs: number | null
  /** The TURN that the peer is reached through; null: directly. */
  readonly via: { readonly id: string; readonly name: string } | null
}

export interface SpeedtestAnswer {
  readonly schemaVersion: 1
  readonly downMbps: number
  readonly upMbps: number
  readonly downBytes: number
  readonly upBytes: number
  readonly downMs: number
  readonly upMs: number
  /** 0 to 1: of the way that is less sure. */
  readonly confidence: number
  readonly down: SpeedWayAnswer
  readonly up: SpeedWayAnswer
}

/** How one way of a speed test went. */
export interface SpeedWayAnswer {
  readonly mbps: number
  /** Where the rate lies. */
  readonly lowMbps: number
  readonly highMbps: number
  /** 0 to 1: the part of the transfer that went at this rate. */
  readonly coverage: number
  /** 0 to 1. */
  readonly confidence: number
  /** It kept one rate for long enough. */
  readonly settled: boolean
  /** `processor`: the process at one end had no time left, and the path may carry more. */
  readonly limitedBy: 'path' | 'processor'
  /** The same as a clause. */
  readonly words: string
}
