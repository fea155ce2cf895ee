import type { FrpClock } from '../contract.ts'
import type { MuxLimits } from './mux-limits.ts'
import type { YamuxStream } from './mux-stream.ts'
import type { Slabs } from './slabs.ts'

/** What a stream asks of its session. */
export interface StreamHost {
  readonly limits: MuxLimits
  readonly slabs: Slabs
  readonly clock: FrpClock
  /** The queue has no room, or others wait for it. */
  readonly busy: boolean
  readonly full: boolean
  /** Bytes a stream may send before it must wait its turn. */
  readonly share: number
  /** The largest read of a joined link now. */
  readonly slabMaxBytes: number
  send(frame: Buffer, done: (() => void) | null): void
  control(type: number, flags: number, id: number, length: number): void
  /** Data of a user went out. */
  carried(id: number, bytes: number): void
  /** The stream was given to a link. */
  joined(stream: YamuxStream): void
  /** `resume` is called when it is the stream's turn. */
  queueUp(stream: YamuxStream): void
  /** `flush` is called at the end of this read. */
  touch(stream: YamuxStream): void
  /** Received bytes held for a reader: more (or fewer). */
  hold(bytes: number): void
  /** May the window grow by this? If so it counts against the session's budget. */
  grant(bytes: number): boolean
  /** Our end is done, the other's is not: begins, or ends, the wait for it. */
  ended(stream: YamuxStream): void
  /** Both directions are through, or it was reset. */
  remove(stream: YamuxStream): void
  /** Nothing is held for it any more either. */
  gone(stream: YamuxStream): void
}
