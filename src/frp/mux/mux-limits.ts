// How much a session may hold, and how large it reads and writes. The defaults measured best on loopback and over 100 ms.
import type { FlightLimits } from './bytes-in-flight.ts'

export interface MuxLimits extends FlightLimits {
  /**
   * First read of a joined link, and what an idle one keeps; four times as large
   * after each read that fills it, up to the largest frame.
   */
  readonly slabMinBytes: number
  readonly slabMaxBytes: number
  /** Reads of the session's own link. */
  readonly readMinBytes: number
  readonly readMaxBytes: number
  /** Bytes handed to the session's link and not yet written, beyond which joined links pause. */
  readonly queueMaxBytes: number
  /** The same while a stream is interactive: a small frame waits for what was handed over before it. */
  readonly interactiveQueueMaxBytes: number
  /** The receive window a stream opens with (stock frp: 6 MiB), and what it grows to while its reader keeps up. */
  readonly windowBytes: number
  readonly windowMaxBytes: number
  /** All windows of a session together; beyond it streams open with the 256 KiB the protocol gives anyway, and none grows. */
  readonly windowBudgetBytes: number
  /** Received and not yet taken by the readers, all streams together; beyond it the stream that holds most is reset. */
  readonly heldMaxBytes: number
  /** Streams at once; one more is reset (or not opened). */
  readonly maxStreams: number
  /** Streams the other end opened that are joined to nothing yet, and ours it has not acknowledged. Stock: 256. */
  readonly maxWaitingStreams: number
  /** Small frames (answers to pings, credit …) waiting for a link that takes none; beyond it the session ends. */
  readonly controlMaxBytes: number
  /** Acknowledgements of streams are sent together with the next frame, or alone after this. */
  readonly ackDelayMs: number
  /** A stream we opened must be acknowledged within this, or the session ends. */
  readonly ackTimeoutMs: number
  /** A stream that our end has ended is reset when nothing has come on it for this long. */
  readonly endTimeoutMs: number
}

export const defaultLimits: MuxLimits = {
  slabMinBytes: 16 << 10,
  slabMaxBytes: 512 << 10,
  readMinBytes: 64 << 10,
  readMaxBytes: 512 << 10,
  queueMaxBytes: 1 << 20,
  interactiveQueueMaxBytes: 256 << 10,
  interactiveFlightBytes: 320 << 10,
  interactiveFlightBytesPerMs: 128 << 10,
  flightMaxRttMs: 20,
  flightTimeoutMs: 500,
  windowBytes: 6 << 20,
  windowMaxBytes: 16 << 20,
  windowBudgetBytes: 512 << 20,
  heldMaxBytes: 256 << 20,
  maxStreams: 4096,
  maxWaitingStreams: 256,
  controlMaxBytes: 1 << 20,
  ackDelayMs: 20,
  ackTimeoutMs: 75_000,
  endTimeoutMs: 300_000,
}
