// What a silence is judged by beside its row: whether there are others to ask, how far this node doubts itself, and who is told dead.
import type { IpTable } from '../../domain/ip-table.ts'
import { afterAnswerInTime, afterOwnMiss, afterTimer, whileCrowded } from '../../domain/own-slowness.ts'
import type { JudgedBy } from '../../domain/suspicion.ts'
import type { Clock } from '../../ports.ts'
import { RecentMap } from './recent-map.ts'
import type { TableKeeper } from './table-keeper.ts'

/** State only. */
export interface Company {
  of(key: string): JudgedBy
  /** How far this node doubts itself, as in `JudgedBy`. */
  slowness(): number
  /** A peer answered this node in time. */
  answered(): void
  /** Others reach whom this node missed, or nobody who was asked answered. */
  missedMyself(): void
  /** A timer of `plannedMs` took so long. */
  timed(plannedMs: number, tookMs: number): void
  /** Enough members say that this row is dead, as of its word of that count. */
  toldDead(key: string, seq: number): void
}

/** Told deaths that are remembered, and for how long: this node looks at once. */
const MOST_TOLD = 1_024
const TOLD_FOR = 30_000

export function createCompany({
  clock,
  keeper,
  self,
}: {
  readonly clock: Pick<Clock, 'now' | 'waitedShare'>
  readonly keeper: Pick<TableKeeper, 'current'>
  readonly self: string
}): Company {
  const told = new RecentMap<string, { readonly seq: number; readonly atMs: number }>(MOST_TOLD)
  let slowness = 0
  const isToldDead = (table: IpTable, key: string): boolean => {
    const said = told.get(key)
    return said !== undefined && clock.now() - said.atMs < TOLD_FOR && table.rows.get(key)?.record.seq === said.seq
  }
  return {
    of: (key) => {
      const table = keeper.current()
      const others = table.peers.size - Number(table.peers.has(self)) - Number(table.peers.has(key))
      const members = table.listed.size + Number(!table.peers.has(self))
      return { canAsk: others > 0, members, slowness: whileCrowded(slowness, clock.waitedShare()), isToldDead: isToldDead(table, key) }
    },
    slowness: () => whileCrowded(slowness, clock.waitedShare()),
    answered: () => {
      slowness = afterAnswerInTime(slowness)
    },
    missedMyself: () => {
      slowness = afterOwnMiss(slowness)
    },
    timed: (plannedMs, tookMs) => {
      slowness = afterTimer(slowness, plannedMs, tookMs)
    },
    toldDead: (key, seq) => told.set(key, { seq, atMs: clock.now() }),
  }
}
