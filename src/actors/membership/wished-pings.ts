// Somebody wants to know whether a row answers: a ping that is under way or ended just now says so, and else one is made at once.
import type { Row } from '../../domain/ip-table.ts'
import { PROBE_GAP } from '../../domain/timings.ts'
import type { ProbeSchedule } from '../../streams/probe-stream.ts'
import type { AwaitedPings } from './awaited-pings.ts'
import type { LastPings } from './last-pings.ts'

export interface WishedPings {
  /** Looks now, unless that is found out already. */
  want(key: string): void
  /**
   * Pings each now, or takes the answer of the ping that is under way to the same address; settles when each has answered or not,
   * and at once while nothing runs.
   */
  prove(keys: readonly string[]): Promise<void>
  /** Looks for somebody else, or takes the answer of the ping that is under way, or that ended just now. Null: there is none. */
  look(key: string): Promise<'reached' | 'missed' | null>
  /** Whether the row's next ping is for others alone. After this call it is not. */
  takeForOthers(key: string): boolean
  /** A ping of that row at its address is under way, or waits for its place. */
  isComing(row: Row): boolean
}

interface WishedPingNeeds {
  readonly schedule: Pick<ProbeSchedule, 'now' | 'later'>
  readonly last: Pick<LastPings, 'isAnswered'>
  readonly waiting: Pick<AwaitedPings, 'next'>
  readonly rowOf: (key: string) => Row | undefined
  readonly addressOf: (row: Row) => string
  readonly isRunning: () => boolean
}

export function createWishedPings({ schedule, last, waiting, rowOf, addressOf, isRunning }: WishedPingNeeds): WishedPings {
  /** Keys whose next ping is made for others alone. */
  const forOthers = new Set<string>()
  const isAnswered = (row: Row) => last.isAnswered(row.key, addressOf(row))
  const want = (key: string): void => {
    const row = rowOf(key)
    const answered = row ? isAnswered(row) : null
    if (answered === 'already') schedule.later(key, PROBE_GAP)
    else if (answered === null) schedule.now(key)
  }
  return {
    want,
    prove: async (keys) => {
      await Promise.all(
        keys.map((key) => {
          const row = rowOf(key)
          if (!row || !isRunning() || isAnswered(row) === 'already') return undefined
          const ended = waiting.next(key)
          want(key)
          return ended
        }),
      )
    },
    look: async (key) => {
      const row = rowOf(key)
      if (!row || !isRunning()) return null
      const answered = isAnswered(row)
      if (answered === 'already') return row.strikes === 0 ? 'reached' : 'missed'
      if (answered === null) forOthers.add(key)
      const ended = waiting.next(key)
      want(key)
      const pinged = await ended
      return pinged === null || pinged.withheld ? null : pinged.burst.type === 'answered' && pinged.by?.id === key ? 'reached' : 'missed'
    },
    takeForOthers: (key) => forOthers.delete(key),
    isComing: (row) => isAnswered(row) === 'soon',
  }
}
