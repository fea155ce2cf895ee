import type { TurnSource } from '../../answers.ts'
import { type IpTable, isProven, type Row } from '../../domain/ip-table.ts'
import { isMeant } from '../../domain/peer-word.ts'
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

/** Of a larger table the nearest are looked at, and not all. */
const MOST_LOOKED_AT = 256

/**
 * Everything that could be a TURN, fit or not, as it was last heard of: rows of the table, and the stock frps of the configuration. Of
 * a large table a part, with those of these keys, and those that these words mean, in any case.
 */
export function candidates(
  { clock, keeper, external, turns }: CandidateNeeds,
  held: readonly string[] = [],
  pins: readonly string[] = [],
): readonly TurnCandidate[] {
  const rows = turns.some(({ type }) => type === 'moonwalk') ? lookedAt(keeper.current(), held, pins) : []
  return [...external.candidates(), ...rows.map((row) => candidateOf(row, clock.wallMs()))]
}

/** All of a small table; of a larger one the nearest that are fit, and where there are none some that are not, to say why. */
function lookedAt({ rows, turns }: IpTable, held: readonly string[], pins: readonly string[]): readonly Row[] {
  if (rows.size <= MOST_LOOKED_AT) return [...rows.values()]
  const near = turns.size > 0 ? turns.slice(0, MOST_LOOKED_AT) : [...rows.values()].slice(0, MOST_LOOKED_AT)
  // A name may be anybody's: only where some are pinned is the whole table asked for it.
  const isPinned = ({ key, record }: Row): boolean => pins.some((pin) => isMeant(pin, { key, ...record }))
  const pinned = pins.length === 0 ? [] : [...rows.values()].filter(isPinned)
  return [...new Set([...near, ...held.flatMap((key) => rows.get(key) ?? []), ...pinned])]
}

const candidateOf = ({ key, record, state, told, latency, downMbps, upMbps, sustained }: Row, wallMs: number): TurnCandidate => ({
  key,
  id: record.id,
  name: record.name,
  address: record.address,
  kind: record.id === null ? 'p2prc' : 'moonwalk',
  rttMs: leastOf(latency.recent, wallMs) ?? latency.rttMs,
  mbps: downMbps === null || upMbps === null ? null : Math.min(downMbps, upMbps),
  ...(typeof sustained?.mbps === 'number' ? { sustainedMbps: sustained.mbps } : {}),
  alive: isProven({ state, told }) && state === 'alive',
  offersTurn: record.offersTurn,
  behindNat: record.via !== null || record.p2prc?.escapeImplementation === 'FRP' || record.p2prc?.nat === true,
})
