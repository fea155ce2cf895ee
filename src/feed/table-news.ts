import type { Change } from '../domain/ip-table.ts'
import type { News } from './news.ts'

/** What a change of the table is as news; null: nobody need hear of it. */
export function newsOfChange(change: Change): News | null {
  const { record, latency } = change.row
  const who = { peer: change.row.key, name: record.name, address: record.address }
  switch (change.type) {
    case 'added':
      return { type: 'peer.added', ...who }
    case 'changed':
      return { type: 'peer.changed', ...who }
    case 'cleared':
      return { type: 'peer.cleared', ...who }
    case 'suspected':
      return { type: 'peer.suspected', ...who, why: change.why }
    case 'removed':
      return { type: 'peer.removed', ...who, why: change.why }
    case 'measured':
      return latency.rttMs === null
        ? null
        : { type: 'peer.measured', peer: change.row.key, rttMs: latency.rttMs, jitterMs: latency.jitterMs, lossPct: latency.lossPct ?? 0 }
    case 'heard':
    case 'dropped':
      return null
  }
}
