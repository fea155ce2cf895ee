// Each row's ping that is under way, and its last one: whether what somebody wants to know is found out already.
import type { Closeness } from '../../domain/closeness.ts'
import { PROBE_GAP } from '../../domain/timings.ts'
import type { Clock } from '../../ports.ts'

/** State only. */
export interface LastPings {
  began(key: string, address: string, closeness: Closeness): void
  /** It is not under way any more, whatever becomes of its outcome. */
  isOver(key: string): void
  /** Its outcome counts for the row, which stands at that address. Answers when the one before it ended, in wall time; null: there was none. */
  counted(key: string, address: string): number | null
  /** How closely the ping under way looks; null: there is none. */
  underWay(key: string): Closeness | null
  /** Ms since the last one ended; null: there was none. */
  sinceMs(key: string): number | null
  /**
   * Whether a ping of that address is as good as made: `soon` by the one that is under way or waits for its place, `already` by one that
   * ended just now.
   */
  isAnswered(key: string, address: string): 'soon' | 'already' | null
  /** Not the one that is under way. */
  forget(key: string): void
}

interface Ended {
  readonly address: string
  readonly atMs: number
  readonly wallMs: number
}

/** `isWaiting`: a row's ping is to come at once, and has not begun. */
export function createLastPings(clock: Pick<Clock, 'now' | 'wallMs'>, isWaiting: (key: string) => boolean): LastPings {
  const begun = new Map<string, { readonly address: string; readonly closeness: Closeness }>()
  const ends = new Map<string, Ended>()
  return {
    began: (key, address, closeness) => void begun.set(key, { address, closeness }),
    isOver: (key) => void begun.delete(key),
    counted: (key, address) => {
      const last = ends.get(key)
      ends.set(key, { address, atMs: clock.now(), wallMs: clock.wallMs() })
      return last?.wallMs ?? null
    },
    underWay: (key) => begun.get(key)?.closeness ?? null,
    sinceMs: (key) => {
      const end = ends.get(key)
      return end === undefined ? null : clock.now() - end.atMs
    },
    isAnswered: (key, address) => {
      if (begun.get(key)?.address === address || isWaiting(key)) return 'soon'
      const end = ends.get(key)
      return end?.address === address && clock.now() - end.atMs < PROBE_GAP ? 'already' : null
    },
    forget: (key) => void ends.delete(key),
  }
}
