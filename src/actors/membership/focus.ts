// Whom this node looks at closely: those among which its TURN is or will be, and those next to it. Worked out anew now and then.
import { turnCandidates } from '../../domain/closeness.ts'
import type { IpTable } from '../../domain/ip-table.ts'
import type { Clock } from '../../ports.ts'
import type { OwnRecord } from './own-record.ts'

export interface Focus {
  /** It may become this node's TURN. */
  isCandidate(key: string): boolean
  /** Of a large table it is among the few that are pinged as of a small one. */
  isClose(key: string): boolean
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
  readonly clock: Pick<Clock, 'now'>
  readonly table: () => IpTable
  readonly own: Pick<OwnRecord, 'id' | 'via'>
}): Focus {
  let found: { readonly candidates: ReadonlySet<string>; readonly next: ReadonlySet<string>; readonly atMs: number } | null = null
  const look = (): NonNullable<typeof found> => {
    if (found !== null && clock.now() - found.atMs <= LASTS) return found
    const { turns, listed } = table()
    const next = new Set(listed.slice(0, NEXT).map(({ key }) => key))
    found = { candidates: turnCandidates(turns.slice(0, MOST_CANDIDATES), own.id), next, atMs: clock.now() }
    return found
  }
  return {
    isCandidate: (key) => look().candidates.has(key),
    isClose: (key) => look().candidates.has(key) || look().next.has(key) || key === own.via(),
  }
}
