// What goes wrong with a running node, for `moonwalk doctor`: what it knows, and the clocks of a few peers, which are asked for it.
import type { CheckupAnswer, StatusAnswer } from '../../answers.ts'
import { byLevel, type Check, clockCheck, healthCheck, reachCheck, seedCheck } from '../../domain/checkup.ts'
import type { Row } from '../../domain/ip-table.ts'
import type { NetworkKind } from '../../domain/network-kind.ts'
import { tamed } from '../../domain/tame.ts'
import { PROBE_TIMEOUT } from '../../domain/timings.ts'
import { type Clock, isFailure } from '../../ports.ts'
import type { Joining } from '../membership/joining.ts'
import { laneOf } from '../membership/lane.ts'
import type { PeerRequests } from '../membership/peer-requests.ts'
import { type NetcheckNeeds, netcheck } from './netcheck.ts'

interface CheckupNeeds extends NetcheckNeeds {
  readonly clock: Pick<Clock, 'now' | 'wallMs'>
  readonly http: PeerRequests
  readonly joining: Pick<Joining, 'seedStates'>
  readonly networkKind: NetworkKind
}

/** Peers whose clocks are asked. */
const CLOCKS = 5
/** A `Date` is rounded down to the second. */
const HALF_A_SECOND = 500

export async function checkup(needs: CheckupNeeds): Promise<CheckupAnswer> {
  const { own, keeper, listens } = needs
  const peers = [...keeper.current().rows.values()].filter(({ key, state }) => key !== own.id && state === 'alive')
  const offsets = await Promise.all(peers.slice(0, CLOCKS).map((row) => clockOffset(needs, row)))
  const status = needs.status()
  const { reachability, address, nat } = netcheck(needs)
  const checks: readonly Check[] = [
    reachCheck({ listens, reachability, address, peers: peers.length, nat: nat.text }),
    ...turnCheck(status),
    ...needs.joining.seedStates().map((seed) => seedCheck(seed, peers.length)),
    clockCheck(offsets.filter((offset) => offset !== null)),
    ...status.health.map(healthCheck),
  ]
  return tamed({ schemaVersion: 1 as const, checks: byLevel(checks) })
}

function turnCheck({ turn }: StatusAnswer): readonly Check[] {
  if (turn === null) return []
  return turn.provenAt === null
    ? [
        {
          name: 'TURN',
          level: 'warn',
          text: `${turn.name} at ${turn.address} carries nothing that was proven yet`,
          fix: 'Wait a few seconds; `moonwalk events` tells what it answers.',
        },
      ]
    : [{ name: 'TURN', level: 'ok', text: `${turn.name} at ${turn.address}: ${turn.reason}`, fix: null }]
}

/** Milliseconds by which a peer's clock is ahead; null where it does not tell. */
async function clockOffset({ http, clock, networkKind }: CheckupNeeds, { record }: Row): Promise<number | null> {
  const startMs = clock.now()
  const answer = await http.request(record.address, {
    ...{ method: 'GET', path: '/server_info', over: laneOf(networkKind, record) },
    ...{ timeoutMs: PROBE_TIMEOUT, maxBytes: 64 * 1024 },
  })
  if (isFailure(answer)) return null
  const saidMs = Date.parse(answer.headers.date ?? '')
  return Number.isNaN(saidMs) ? null : saidMs + HALF_A_SECOND - (clock.wallMs() - (clock.now() - startMs) / 2)
}
