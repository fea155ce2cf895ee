// How this node is seen from outside, for `moonwalk netcheck`: from what is there now, nothing is asked of anybody.
import type { NetcheckAnswer, StatusAnswer } from '../../answers.ts'
import { offlineRows, type Row } from '../../domain/ip-table.ts'
import { natOf, type TurnBrief, turnsText } from '../../domain/netcheck.ts'
import { tamed } from '../../domain/tame.ts'
import { BY_LATENCY, fitOf, type TurnCandidate } from '../../domain/turn-choice.ts'
import type { Clock, Network } from '../../ports.ts'
import type { OwnRecord } from '../membership/own-record.ts'
import type { Reach } from '../membership/reach.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'

export interface NetcheckNeeds {
  readonly clock: Pick<Clock, 'wallMs'>
  readonly own: Pick<OwnRecord, 'id'>
  readonly keeper: Pick<TableKeeper, 'current'>
  readonly reach: Pick<Reach, 'verdict' | 'findings'>
  readonly listens: boolean
  readonly ownHosts: Network['ownHosts']
  readonly status: () => StatusAnswer
  readonly candidates: () => readonly TurnCandidate[]
}

/** Peers whose speeds are told: the newest measured. */
const MOST_SPEEDS = 20

export function netcheck(needs: NetcheckNeeds): NetcheckAnswer {
  const { own, keeper, reach, listens, ownHosts, candidates } = needs
  const { node, turn } = needs.status()
  const { rows } = keeper.current()
  const verdict = reach.verdict()
  const findings = reach.findings()
  const [nearest = null] = fitOf({ candidates: candidates(), self: own.id, preference: BY_LATENCY })
  const chosen = turn && { name: turn.name, address: turn.address, rttMs: turn.rttMs }
  const measured = [...rows.values(), ...offlineRows(keeper.current(), needs.clock.wallMs()).map(({ row }) => row)]
    .filter(({ downMbps, speedAtMs }) => downMbps !== null && speedAtMs !== null)
    .sort((a, b) => (b.speedAtMs ?? 0) - (a.speedAtMs ?? 0))
  return tamed({
    schemaVersion: 1 as const,
    reachability: node.reachability,
    address: node.address,
    machine: ownHosts(),
    nat: natOf({ listens, ownHosts: ownHosts(), reachedAt: verdict.type === 'proven' ? verdict.address : null, findings }),
    seen: [...findings]
      .sort((a, b) => b.atMs - a.atMs)
      .map(({ by, seenAt, dialBack, address, atMs }) => ({
        ...{ id: by, name: rows.get(by)?.record.name ?? by.slice(0, 8), seenAt, dialBack, address },
        at: new Date(atMs).toISOString(),
      })),
    turns: { nearest: briefOf(nearest), chosen, text: turnsText(briefOf(nearest), turn, verdict.type) },
    speeds: measured.slice(0, MOST_SPEEDS).map(speedOf),
  })
}

const briefOf = (turn: TurnCandidate | null): TurnBrief | null => turn && { name: turn.name, address: turn.address, rttMs: turn.rttMs }

const speedOf = ({ key, record, downMbps, upMbps, speedAtMs }: Row): NetcheckAnswer['speeds'][number] => ({
  id: record.id ?? key,
  name: record.name,
  downMbps,
  upMbps,
  at: new Date(speedAtMs ?? 0).toISOString(),
})
