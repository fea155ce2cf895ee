import type { Change } from '../domain/ip-table.ts'
import { figuresOf, type Latency } from '../domain/latency.ts'
import type { News } from './news.ts'

/** What a change of the table is as news; null: nobody need hear of it. */
export function newsOfChange(change: Change): News | null {
  const { record, latency } = change.row
  const who = { peer: change.row.key, name: record.name, address: record.address }
  switch (change.type) {
    case 'added':
      return { type: 'peer.added', ...who }
    case 'changed':
      // Who was never proven has not been told of at all.
      return change.row.state === 'unknown' && change.row.lastProofMs === null ? null : { type: 'peer.changed', ...who }
    case 'cleared':
      return { type: 'peer.cleared', ...who }
    case 'suspected':
      return { type: 'peer.suspected', ...who, why: change.why }
    case 'reachedByOthers':
      return { type: 'peer.reachedByOthers', ...who, by: change.row.reachedBy.join(' ') }
    case 'removed':
      return { type: 'peer.removed', ...who, why: change.why }
    case 'measured':
      return measured(change.row.key, latency)
    case 'heard':
    case 'dropped':
      return null
  }
}

function measured(peer: string, latency: Latency): News | null {
  const { rttMs, jitterMs, lossPct } = figuresOf(latency, latency.rttAtMs ?? 0)
  return rttMs === null ? null : { type: 'peer.measured', peer, rttMs, jitterMs, lossPct: lossPct ?? 0 }
}
