import type { TurnSource } from '../../answers.ts'
import type { Row } from '../../domain/ip-table.ts'
import { leastOf } from '../../domain/recent-least.ts'
import type { TurnCandidate } from '../../domain/turn-choice.ts'
import type { Clock } from '../../ports.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'
import type { ExternalFrps } from './external-frps.ts'

export interface CandidateNeeds {
  readonly clock: Pick<Clock, 'wallMs'>
  readonly keeper: Pick<TableKeeper, 'current'>
  readonly external: Pick<ExternalFrps, 'candidates'>
  readonly turns: readonly TurnSource[]
}

/** Everything that could be a TURN, fit or not, as it was last heard of: rows of the table, and the stock frps of the configuration. */
export function candidates({ clock, keeper, external, turns }: CandidateNeeds): readonly TurnCandidate[] {
  const rows = turns.some(({ type }) => type === 'moonwalk') ? [...keeper.current().rows.values()] : []
  return [...external.candidates(), ...rows.map((row) => candidateOf(row, clock.wallMs()))]
}

const candidateOf = ({ key, record, state, latency, downMbps, upMbps }: Row, wallMs: number): TurnCandidate => ({
  key,
  id: record.id,
  name: record.name,
  address: record.address,
  kind: record.id === null ? 'p2prc' : 'moonwalk',
  rttMs: leastOf(latency.recent, wallMs) ?? latency.rttMs,
  mbps: downMbps === null || upMbps === null ? null : Math.min(downMbps, upMbps),
  alive: state === 'alive',
  offersTurn: record.offersTurn,
  behindNat: record.via !== null || record.p2prc?.escapeImplementation === 'FRP' || record.p2prc?.nat === true,
})
