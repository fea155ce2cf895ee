// That this node is reached at its address through a tunnel: proven before the address is told, and again for as long as it is.
import { isCarriedBadly, SLOW_PROOFS } from '../../domain/carriage.ts'
import {
  KNOCK_AGAIN,
  TUNNEL_FULL_RENEWAL,
  TUNNEL_PROOF_TIMEOUT,
  TUNNEL_RENEWAL,
  TUNNEL_RENEWAL_RETRY,
  TUNNEL_RENEWAL_TIMEOUT,
  TUNNEL_RENEWAL_TRIES,
} from '../../domain/timings.ts'
import type { LinkFact } from '../../machines/tunnel-machine.ts'
import type { Clock, Random } from '../../ports.ts'

export interface NodeProof {
  /** This node's port is open at `address`, `host:port`. */
  begin(address: string): void
  /** Proves it at once, whenever the last proof was. Before `begin`: nothing. */
  again(): void
  end(): void
}

interface NodeProofNeeds {
  readonly clock: Clock
  readonly random: Pick<Random, 'fraction'>
  /** Whether this run of the node answers at the address to who comes anew. */
  readonly isHere: (address: string, timeoutMs: number) => Promise<boolean>
  /** Whether something sent there comes out here and is answered: see knocks.ts. */
  readonly knock: (address: string, timeoutMs: number) => Promise<boolean>
  /** The TURN's own ping; null: not known. */
  readonly pingMs: () => number | null
  /** The first proof has come. */
  readonly onFirst: () => void
  readonly tell: (fact: LinkFact) => void
  readonly onBug: (error: unknown) => void
}

const PROOF_TRIES = 20
const PROOF_WAIT = 100

export function createNodeProof({ clock, random, isHere, knock, pingMs, onFirst, tell, onBug }: NodeProofNeeds): NodeProof {
  let address: string | null = null
  let isProven = false
  let slowProofs = 0
  /** The next knock is not before: a proof over the members' channel is due then, or instead. */
  let knocksUntilMs = Number.NEGATIVE_INFINITY
  let knocksFromMs = Number.NEGATIVE_INFINITY
  let timer: unknown = null
  /** Of the round of tries under way: what an earlier one finds out counts no more. */
  let round = 0

  const after = (ms: number, run: (round: number) => Promise<void>): void => {
    clock.clearTimeout(timer)
    const now = round
    timer = clock.setTimeout(() => void (now === round && run(now).catch(onBug)), ms)
  }
  const proven = (at: string): void => {
    if (!isProven) onFirst()
    isProven = true
    tell({ type: 'link.proven', address: at, atMs: clock.wallMs() })
    after(TUNNEL_RENEWAL * (1 + (random.fraction() - 0.5) / 8), (now) => renew(at, now, 1))
  }
  const isFully = async (at: string, timeoutMs: number): Promise<boolean> => {
    const isThere = await isHere(at, timeoutMs)
    if (isThere) knocksUntilMs = clock.now() + TUNNEL_FULL_RENEWAL
    return isThere
  }
  const prove = async (at: string, now: number, attempt: number): Promise<void> => {
    const isThere = await isFully(at, TUNNEL_PROOF_TIMEOUT)
    if (now !== round) return
    if (isThere) proven(at)
    else if (attempt < PROOF_TRIES) after(PROOF_WAIT, () => prove(at, now, attempt + 1))
  }
  const renew = async (at: string, now: number, attempt: number): Promise<void> => {
    const beganAtMs = clock.now()
    const isKnock = attempt === 1 && slowProofs === 0 && beganAtMs >= knocksFromMs && beganAtMs < knocksUntilMs
    const isThere = await (isKnock ? knock : isFully)(at, TUNNEL_RENEWAL_TIMEOUT)
    if (now !== round) return
    if (isThere) {
      const proofMs = clock.now() - beganAtMs
      slowProofs = isCarriedBadly(proofMs, pingMs()) ? slowProofs + 1 : 0
      if (slowProofs < SLOW_PROOFS) return proven(at)
      const why = `it carries badly: ${Math.round(proofMs)} ms through it, while it answers pings in ${pingMs()?.toFixed(1)} ms`
      return tell({ type: 'link.closed', why })
    }
    if (isKnock) knocksFromMs = clock.now() + KNOCK_AGAIN
    if (attempt < TUNNEL_RENEWAL_TRIES) return after(TUNNEL_RENEWAL_RETRY, () => renew(at, now, attempt + 1))
    tell({ type: 'link.unproven', why: `nobody comes through its address ${at} any more` })
    return prove(at, now, 1)
  }
  const begin = (at: string): void => {
    address = at
    prove(at, ++round, 1).catch(onBug)
  }
  return {
    begin,
    again: () => {
      if (address !== null) begin(address)
    },
    end: () => {
      round++
      clock.clearTimeout(timer)
    },
  }
}
