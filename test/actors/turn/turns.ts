// Stock frps of the configuration as far as the choice of a TURN knows them: a list of candidates, and who was asked when.
import { Subject } from 'rxjs'
import type { ExternalFrps } from '../../../src/actors/turn/external-frps.ts'
import type { TurnCandidate } from '../../../src/domain/turn-choice.ts'

export const frpsAt = (address: string, rttMs: number | null): TurnCandidate => ({
  key: `frp://${address}`,
  id: null,
  name: address,
  address,
  kind: 'frp',
  rttMs,
  alive: true,
  offersTurn: true,
  behindNat: false,
})

/** `now`: the world's time, for the record. */
export function fakeStock(now: () => number) {
  const changes = new Subject<void>()
  const fake = {
    asked: [] as string[],
    known: [] as readonly TurnCandidate[],
    allAsked: true,
    /** What being asked makes of the known ones; settles then. */
    answer: async (): Promise<void> => {},
    change: (): void => changes.next(),
  }
  const external: ExternalFrps = {
    candidates: () => fake.known,
    rttMs: (key) => fake.known.find((one) => one.key === key)?.rttMs ?? null,
    get allAsked() {
      return fake.allAsked
    },
    ask: async (maxAgeMs, but) => {
      fake.asked.push(`${now()} not heard of for ${maxAgeMs}${but === undefined || but.length === 0 ? '' : ` but ${but.join(' ')}`}`)
      await fake.answer()
    },
    measured: () => {},
    refused: () => {},
    doubt: () => {},
    changes$: changes.asObservable(),
    stop: () => {},
  }
  return Object.assign(fake, { external })
}
