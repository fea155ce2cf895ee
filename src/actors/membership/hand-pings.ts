// Pings that a person waits for: thorough ones, inside the same limits as all others.
import type { Closeness } from '../../domain/closeness.ts'
import type { Row } from '../../domain/ip-table.ts'
import type { Lane } from '../../ports.ts'
import type { ProbeSchedule } from '../../streams/probe-stream.ts'
import type { Pinged } from './peer-ping.ts'
import type { SharedPings } from './shared-pings.ts'

export interface HandPings {
  /** `row`: the one that is there, whose ping under way, or next, it is. */
  ping(address: string, lane: Lane, row: Row | undefined): Promise<Pinged>
  /** A person waits for this row's next ping, which is thorough; takes that back. */
  take(key: string): boolean
  /** Begins those that wait for a place. */
  end(): void
}

interface HandPingNeeds {
  readonly ask: SharedPings
  readonly schedule: Pick<ProbeSchedule, 'now' | 'once'>
  readonly isRunning: () => boolean
  /** How close the row's ping under way is; null: there is none. */
  readonly flightOf: (key: string) => Closeness | null
  /** What the row's ping under way, or its next, comes to; null: there is none any more. */
  readonly next: (key: string) => Promise<Pinged | null>
  readonly isComing: (row: Row) => boolean
  readonly isThere: (key: string) => boolean
}

export function createHandPings({ ask, schedule, isRunning, flightOf, next, isComing, isThere }: HandPingNeeds): HandPings {
  /** Keys whose next ping is to be thorough. */
  const wanted = new Set<string>()
  /** Pings that wait for a place. */
  const inLine = new Set<() => Promise<void>>()

  const ofRow = async (row: Row): Promise<Pinged | null> => {
    const flight = flightOf(row.key)
    if (flight === null) wanted.add(row.key)
    const ended = next(row.key)
    if (!isComing(row)) schedule.now(row.key)
    const pinged = await ended
    if (pinged === null || flight === null || flight === 'thorough' || pinged.burst.type === 'silent') return pinged
    if (!isThere(row.key)) return null
    wanted.add(row.key)
    const again = next(row.key)
    schedule.now(row.key)
    return again
  }
  return {
    ping: async (address, lane, row) => {
      if (!isRunning()) return ask(address, lane, 'thorough')
      const pinged = row ? await ofRow(row) : null
      if (pinged !== null) return pinged
      if (!isRunning()) return ask(address, lane, 'thorough')
      return new Promise((resolve) => {
        const begin = async (): Promise<void> => {
          if (inLine.delete(begin)) resolve(await ask(address, lane, 'thorough'))
        }
        inLine.add(begin)
        schedule.once(begin)
      })
    },
    take: (key) => wanted.delete(key),
    end: () => {
      for (const begin of [...inLine]) void begin()
    },
  }
}
