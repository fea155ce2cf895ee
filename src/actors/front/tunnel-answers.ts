// What `status` says of the tunnels, and of why the first one is the first.
import type { TunnelAnswer, TurnAnswer } from '../../answers.ts'
import { reasonOf, type TurnCandidate } from '../../domain/turn-choice.ts'
import type { HeldTunnel } from '../../machines/held-tunnels.ts'
import type { NodeContext } from '../../machines/node-machine.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'
import type { ExternalFrps } from '../turn/external-frps.ts'
import type { TurnWish } from '../turn/turn-wish.ts'

interface TunnelAnswerNeeds {
  readonly own: { readonly id: string }
  readonly wish: Pick<TurnWish, 'preference'>
  readonly keeper: Pick<TableKeeper, 'current'>
  readonly external: Pick<ExternalFrps, 'rttMs'>
  /** Of the node's machine. */
  readonly snapshot: () => { readonly context: NodeContext }
  readonly candidates: (keys: readonly string[]) => readonly TurnCandidate[]
  readonly startedAt: string
}

export function tunnelAnswersOf({ own, wish, keeper, external, snapshot, candidates, startedAt }: TunnelAnswerNeeds) {
  const turnOf = ({ choice: { turn } }: HeldTunnel): Pick<TurnAnswer, 'id' | 'name' | 'address' | 'rttMs'> => {
    const { rows, holders } = keeper.current()
    return {
      // It may have been chosen by its address, as a P2PRC peer told of it, before it said who it is.
      id: turn.id ?? rows.get(holders.get(turn.address) ?? '')?.record.id ?? null,
      name: turn.name,
      address: turn.address,
      rttMs: rows.get(turn.key)?.latency.rttMs ?? external.rttMs(turn.key) ?? turn.rttMs,
    }
  }
  const reasonNow = ({ choice: { turn, reason } }: HeldTunnel): string => {
    const all = candidates([turn.key])
    const now = all.find(({ key }) => key === turn.key)
    if (!now || now.rttMs === null) return reason
    return reasonOf(now, { candidates: all, self: own.id, preference: wish.preference(), barred: [] })
  }
  return {
    turnAnswer: (): TurnAnswer | null => {
      const first = snapshot().context.tunnels.find(({ state }) => state !== 'retiring')
      if (!first) return null
      return {
        ...turnOf(first),
        reason: reasonNow(first),
        reasonAt: isoOf(keeper.current().rows.get(first.choice.turn.key)?.latency.rttAtMs ?? null),
        since: isoOf(first.sinceMs) ?? startedAt,
        provenAt: isoOf(first.provenAtMs),
      }
    },
    tunnelAnswers: (): readonly TunnelAnswer[] =>
      snapshot().context.tunnels.map((tunnel) => ({
        ...turnOf(tunnel),
        state: tunnel.state,
        public: tunnel.state === 'open' ? tunnel.address : null,
        since: isoOf(tunnel.sinceMs),
        provenAt: isoOf(tunnel.provenAtMs),
      })),
  }
}

const isoOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
