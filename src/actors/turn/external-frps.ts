// The stock frps named in the configuration, as candidates beside the nodes of the table.
import { type Observable, Subject } from 'rxjs'
import type { TurnSource } from '../../answers.ts'
import { afterLogin, doubted, type ExternalStanding, inUse, mayAsk, NOT_ASKED } from '../../domain/external-frps.ts'
import type { TurnCandidate } from '../../domain/turn-choice.ts'
import type { News } from '../../feed/news.ts'
import type { Ports } from '../../ports.ts'
import { type ExternalSource, timeLogin } from './external-login.ts'

export interface ExternalFrps {
  /** Each as it was last heard of. Asks nobody. */
  candidates(): readonly TurnCandidate[]
  /** Its last round trip; null: not known, or no stock frps. */
  rttMs(key: string): number | null
  /** True once each has been asked, however it answered. */
  readonly allAsked: boolean
  /** Times a login at those not heard of for so long, unless they refused lately; settles when these have answered. */
  ask(maxAgeMs: number, but?: readonly string[]): Promise<void>
  /** The tunnel through it is up, and its mux answered in so many ms. */
  measured(key: string, rttMs: number): void
  /** It turned this node down. */
  refused(key: string, why: string): void
  /** The tunnel through it ended. */
  doubt(key: string): void
  /** One answered, or failed to. */
  readonly changes$: Observable<void>
  /** Ends the logins under way. */
  stop(): void
}

interface ExternalNeeds extends Pick<Ports, 'clock' | 'random' | 'network'> {
  readonly turns: readonly TurnSource[]
  readonly publish: (news: News) => void
}

interface Known {
  readonly source: ExternalSource
  standing: ExternalStanding
  asking: Promise<void> | null
}

export const externalKeyOf = (address: string): string => `frp://${address}`

export function createExternalFrps({ clock, random, network, turns, publish }: ExternalNeeds): ExternalFrps {
  const all = new Map<string, Known>()
  for (const source of turns)
    if (source.type === 'frp' && !all.has(externalKeyOf(source.address)))
      all.set(externalKeyOf(source.address), { source, standing: NOT_ASKED, asking: null })
  const changes = new Subject<void>()
  const abort = new AbortController()

  const put = (key: string, known: Known, standing: ExternalStanding): void => {
    const before = known.standing.why
    known.standing = standing
    if (standing.why !== null && standing.why !== before)
      publish({ type: 'turn.unfit', peer: key, name: known.source.address, why: standing.why })
    changes.next()
  }
  const ask = async (key: string, known: Known): Promise<void> => {
    const outcome = await timeLogin({ clock, random, network }, known.source, abort.signal)
    known.asking = null
    if (abort.signal.aborted) return
    put(key, known, afterLogin(known.standing, outcome, clock.now(), random.fraction()))
  }
  const change = (key: string, next: (standing: ExternalStanding) => ExternalStanding): void => {
    const known = all.get(key)
    if (known) put(key, known, next(known.standing))
  }

  return {
    candidates: () => [...all].map(([key, { source, standing }]) => candidateOfExternal(key, source.address, standing)),
    rttMs: (key) => all.get(key)?.standing.rttMs ?? null,
    get allAsked() {
      return [...all.values()].every(({ standing }) => standing.askedAtMs !== null)
    },
    ask: async (maxAgeMs, but = []) => {
      if (abort.signal.aborted) return
      for (const [key, known] of all)
        if (!but.includes(key) && known.asking === null && mayAsk(known.standing, clock.now(), maxAgeMs)) known.asking = ask(key, known)
      await Promise.all([...all.values()].map(({ asking }) => asking))
    },
    measured: (key, rttMs) => change(key, () => inUse(rttMs, clock.now())),
    refused: (key, why) => change(key, (standing) => afterLogin(standing, { type: 'refused', why }, clock.now(), random.fraction())),
    doubt: (key) => change(key, doubted),
    changes$: changes.asObservable(),
    stop: () => abort.abort(),
  }
}

const candidateOfExternal = (key: string, address: string, { rttMs, why }: ExternalStanding): TurnCandidate => ({
  key,
  id: null,
  name: address,
  address,
  kind: 'frp',
  rttMs,
  alive: why === null,
  offersTurn: true,
  behindNat: false,
  ...(why === null ? {} : { objection: why }),
})
