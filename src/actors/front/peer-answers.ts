// What `peers` answers, whole or a page of it, and how many peers there are of each kind.
import type { PeerCounts, PeersAnswer } from '../../answers.ts'
import {
  FIRST_PAGE,
  finderOf,
  type IpTable,
  isListed,
  offlineRows,
  type Page,
  type PageAsk,
  type Row,
  shownRows,
} from '../../domain/ip-table.ts'
import { hereRow, type Now, offlineRow } from './peer-row.ts'

/** `ask`: that page alone; absent: everybody. */
export function peersAnswer(table: IpTable, now: Now, which: 'here' | 'all', ask?: Partial<PageAsk>): PeersAnswer {
  const { self, wallMs } = now
  const gone = which === 'all' ? offlineRows(table, wallMs).map(({ row }) => row) : []
  const answer = { schemaVersion: 1, self } as const
  const [isHere, isAway] = [(row: Row) => hereRow(row, now, table), (row: Row) => offlineRow(row, self)]
  if (ask === undefined) return { ...answer, peers: [...shownRows(table).map(isHere), ...gone.map(isAway)] }
  const { rows, away, total } = pageWithAway(table, gone, { ...FIRST_PAGE, ...ask })
  const counts = { here: table.listed.size, alive: table.aliveCount, offline: gone.length }
  const mine = table.rows.get(self)
  const page = { offset: ask.offset ?? FIRST_PAGE.offset, total, self: mine ? isHere(mine) : null, ...counts }
  return { ...answer, page, peers: [...rows.map(isHere), ...away.map(isAway)] }
}

/** Those that are away come after all that are here, whatever these are sorted by. */
function pageWithAway(table: IpTable, gone: readonly Row[], ask: PageAsk): Page & { readonly away: readonly Row[] } {
  const { rows, total } = table.page(ask)
  const found = gone.filter(finderOf(ask.search))
  const away = found.slice(Math.max(0, ask.offset - total)).slice(0, ask.limit - rows.length)
  return { rows, away, total: total + found.length }
}

/** Without this node's own row. */
export function countsOf(table: IpTable, self: string): PeerCounts {
  const { listed, rows, suspects, aliveCount, offeringCount } = table
  const mine = rows.get(self)
  const isMine = (state: Row['state']): number => (mine?.state === state ? 1 : 0)
  const offers = mine !== undefined && isListed(mine) && mine.record.offersTurn && mine.record.via === null
  const [nearest] = listed.slice(0, 2).filter(({ key }) => key !== self)
  return {
    alive: aliveCount - isMine('alive'),
    suspect: suspects.size - isMine('suspect'),
    unknown: rows.size - listed.size - isMine('unknown'),
    turns: offeringCount - (offers ? 1 : 0),
    nearestRttMs: nearest?.latency.rttMs ?? null,
  }
}
