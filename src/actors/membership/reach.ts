// How this node is reached is learnt, not told: a peer says at which address it sees us and connects back to it. The
// verdict is checked again for as long as the node lives.
import type { HelloAsk } from '../../v2/messages.ts'
import type { Met } from './peer-calls.ts'

export type Verdict =
  | { readonly type: 'proven'; readonly address: string; readonly by: string }
  | { readonly type: 'failed' }
  | { readonly type: 'unknown' }

export interface Reach {
  /** What to say in a hello. */
  ask(): Pick<HelloAsk, 'port' | 'advertise'>
  /** One peer's finding. */
  found(met: Met): void
  /** A P2PRC peer keeps our row, so it has reached us there. */
  provenAt(address: string, by: string): void
  /** Somebody reached us by this address: worth trying when we do not know our own. */
  heardOf(address: string): void
  verdict(): Verdict
}

/** Two peers in a row must fail to connect before a proven address is given up: the first may be the one with the trouble. */
const FAILURES_TO_LOSE = 2

export function createReach(own: {
  readonly listenPort: () => number | null
  readonly advertise: string | null
  readonly tell: (verdict: Verdict) => void
}): Reach {
  let verdict: Verdict = own.listenPort() === null ? { type: 'failed' } : { type: 'unknown' }
  let failures = 0
  let heard: string | null = null
  const settle = (next: Verdict): void => {
    const same = next.type === verdict.type && (next.type !== 'proven' || (verdict.type === 'proven' && verdict.address === next.address))
    verdict = next
    if (!same) own.tell(next)
  }
  const provenAt = (address: string, by: string): void => {
    failures = 0
    settle({ type: 'proven', address, by })
  }
  return {
    ask: () => ({ port: own.listenPort(), advertise: own.advertise ?? (verdict.type === 'proven' ? verdict.address : heard) }),
    found: ({ reached, record }) => {
      if (own.listenPort() === null) return
      if (reached !== null) return provenAt(reached, record.id ?? record.address)
      failures++
      if (verdict.type !== 'proven' || failures >= FAILURES_TO_LOSE) settle({ type: 'failed' })
    },
    provenAt,
    heardOf: (address) => {
      heard ??= address
    },
    verdict: () => verdict,
  }
}
