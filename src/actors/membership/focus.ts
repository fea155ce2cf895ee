// Whom this node looks at closely: those among which its TURN is or will be, and those next to it. Worked out anew now and then.
import { isAlmostBetter, turnCandidates } from '../../domain/closeness.ts'
import type { IpTable } from '../../domain/ip-table.ts'
import { leastOf } from '../../domain/recent-least.ts'
import type { Clock } from '../../ports.ts'
import type { OwnRecord } from './own-record.ts'

export interface Focus {
  /** It may become this node's TURN, and how near it is may decide that now. */
  isDeciding(key: string): boolean
  /** Of a large table it is among the few that are pinged every `CLOSE_PERIOD`, however many rows there are. */
  isClose(key: string): boolean
  /** All of these. */
  close(): Iterable<string>
}

const LASTS = 10_000
/** Candidates are found among so many of the nearest. */
const MOST_CANDIDATES = 16
/** So many of the nearest are next to this node. */
const NEXT = 4

export function createFocus({
  clock,
  table,
  own,
}: {
  readonly clock: Pick<Clock, 'now' | 'wallMs'>
  readonly table: () => IpTable
  readonly own: Pick<OwnRecord, 'id' | 'via' | 'address'>
}): Focus {
  let found: { readonly candidates: ReadonlySet<string>; readonly next: ReadonlySet<string>; readonly atMs: number } | null = null
  const look = (): NonNullable<typeof found> => {
    if (found !== null && clock.now() - found.atMs <= LASTS) return found
    const { turns, listed } = table()
    const next = new Set(listed.slice(0, NEXT).map(({ key }) => key))
    found = { candidates: turnCandidates(turns.slice(0, MOST_CANDIDATES), own.id), next, atMs: clock.now() }
    return found
  }
  const leastMs = (key: string): number | null => {
    const latency = table().rows.get(key)?.latency
    return latency === undefined ? null : (leastOf(latency.recent, clock.wallMs()) ?? latency.rttMs)
  }
  /** Whether a TURN is wanted that this node does not have, or may be left for that one. Who is reached without one wants none. */
  const mayTake = (key: string): boolean => {
    const via = own.via()
    if (own.address() === null) return true
    const [theirs, current] = via === null ? [null, null] : [leastMs(key), leastMs(via)]
    return theirs !== null && current !== null && isAlmostBetter(theirs, current)
  }
  return {
    isDeciding: (key) => look().candidates.has(key) && mayTake(key),
    close: () => new Set([...look().candidates, ...look().next, own.via()].flatMap((key) => (key === null || key === own.id ? [] : [key]))),
    isClose: (key) => look().candidates.has(key) || look().next.has(key) || key === own.via(),
  }
}
