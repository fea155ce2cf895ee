// Others look for this node at a peer that it missed, and this node looks for others (SWIM's indirect probe).
import { type Allowance, fullAllowance, takeOne } from '../../domain/allowance.ts'
import { isCrowded } from '../../domain/crowded.ts'
import type { Row } from '../../domain/ip-table.ts'
import { addressesOf } from '../../domain/record.ts'
import {
  GONE_FOR,
  LOOK_ROUNDS_BURST,
  LOOK_ROUNDS_PER_SECOND,
  LOOKERS,
  LOOKS_FOR_ONE_BURST,
  LOOKS_FOR_ONE_PER_SECOND,
} from '../../domain/timings.ts'
import { isFailure, type Ports } from '../../ports.ts'
import { type LookAnswer, type LookAsk, type Witness, witnessBytes } from '../../v2/indirect-look.ts'
import type { OwnRecord } from './own-record.ts'
import type { PeerCalls } from './peer-calls.ts'
import type { Prober } from './prober.ts'
import { RecentMap } from './recent-map.ts'
import type { TableKeeper } from './table-keeper.ts'

/** What those who were asked said. */
export interface Round {
  readonly asked: number
  readonly reachedBy: readonly string[]
  readonly missed: readonly Witness[]
}

export interface Lookers {
  /** Asks up to `LOOKERS` others; null: too many were asked just now. Who reached it last is asked first. */
  ask(row: Row): Promise<Round | null>
  /** Looks for the peer with the id `by`. */
  answer(by: string, ask: LookAsk): Promise<LookAnswer>
  /** This node's own signature of a miss, now. */
  witness(missed: LookAsk): Witness
}

interface LookersNeeds extends Pick<Ports, 'clock' | 'random' | 'identity'> {
  readonly calls: Pick<PeerCalls, 'look'>
  readonly keeper: Pick<TableKeeper, 'current'>
  readonly own: Pick<OwnRecord, 'id'>
  readonly prober: Pick<Prober, 'look'>
}

const ROUNDS = { burst: LOOK_ROUNDS_BURST, perSecond: LOOK_ROUNDS_PER_SECOND }
const FOR_ONE = { burst: LOOKS_FOR_ONE_BURST, perSecond: LOOKS_FOR_ONE_PER_SECOND }
/** Askers that are remembered. */
const MOST_ASKERS = 4_096
/** So many are drawn, since some of them are silent themselves. */
const DRAWN = 4 * LOOKERS

export function createLookers({ clock, random, identity, calls, keeper, own, prober }: LookersNeeds): Lookers {
  const draws = random.fork('lookers')
  const askers = new RecentMap<string, Allowance>(MOST_ASKERS)
  let rounds = fullAllowance(ROUNDS, clock.now())

  /** True: there was one, and it is taken. */
  const mayAsk = (): boolean => {
    const { allowance, waitMs } = takeOne(rounds, ROUNDS, clock.now())
    if (waitMs === 0) rounds = allowance
    return waitMs === 0
  }
  const mayBeAsked = (by: string): boolean => {
    const { allowance, waitMs } = takeOne(askers.get(by) ?? fullAllowance(FOR_ONE, clock.now()), FOR_ONE, clock.now())
    if (waitMs === 0) askers.set(by, allowance)
    return waitMs === 0
  }
  /** Not who is silent itself, nor who is reached through the one in question. */
  const chosen = (row: Row): readonly Row[] => {
    const { peers, rows } = keeper.current()
    const keys = new Set([...row.reachedBy, ...peers.draw(DRAWN, () => draws.fraction(), own.id)])
    return [...keys]
      .flatMap((key) => rows.get(key) ?? [])
      .filter(({ key, strikes, state, reachedBy, record: { via } }) => {
        const isFit = state === 'alive' && strikes === 0 && reachedBy.length === 0
        return isFit && key !== row.key && key !== own.id && via !== row.key
      })
      .slice(0, LOOKERS)
  }
  const witnessAt = ({ id, address }: LookAsk, wallMs: number): Witness => {
    const atMs = Math.floor(wallMs)
    return { by: own.id, atMs, sig: identity.sign(witnessBytes({ id, address, atMs })) }
  }
  const witness: Lookers['witness'] = (missed) => witnessAt(missed, clock.wallMs())
  /** When (wall time) this node missed it there and removed it, lately; null: it did not. Nobody would else be left to confirm a miss of who looks last. */
  const removedMs = ({ id, address }: LookAsk): number | null => {
    const gone = keeper.current().gone.get(id)
    if (gone === undefined || gone.row.strikes === 0 || !addressesOf(gone.row.record).includes(address)) return null
    return clock.wallMs() - gone.atMs < GONE_FOR ? gone.atMs : null
  }

  return {
    ask: async (row) => {
      const { id, address } = row.record
      const others = id === null ? [] : chosen(row)
      if (id === null) return null
      if (isCrowded(clock)) return { asked: 0, reachedBy: [], missed: [] }
      if (others.length > 0 && !mayAsk()) return null
      const reachedBy: string[] = []
      const missed: Witness[] = []
      await Promise.all(
        others.map(async ({ key, record }) => {
          const answer = await calls.look(record.address, { id, address })
          if (isFailure(answer) || answer.type === 'busy') return
          if (answer.type === 'reached') reachedBy.push(key)
          else missed.push({ by: key, atMs: answer.atMs, sig: answer.sig })
        }),
      )
      return { asked: others.length, reachedBy, missed }
    },
    answer: async (by, { id, address }) => {
      const row = keeper.current().rows.get(id)
      // Only whom this node pings anyway, and never by a door that somebody else names.
      const isListedThere = row !== undefined && row.state !== 'unknown' && addressesOf(row.record).includes(address) && row.stored === null
      const goneMs = isListedThere ? null : removedMs({ id, address })
      if ((!isListedThere && goneMs === null) || id === own.id || by === own.id || !mayBeAsked(by) || isCrowded(clock))
        return { type: 'busy' }
      const seen = goneMs === null ? await prober.look(id) : 'missed'
      if (seen === null) return { type: 'busy' }
      if (seen === 'reached') return { type: 'reached' }
      const { atMs, sig } = witnessAt({ id, address }, goneMs ?? clock.wallMs())
      return { type: 'missed', atMs, sig }
    },
    witness,
  }
}
