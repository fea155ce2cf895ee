// New words are pushed to a few peers, who push on what is new to them. Nobody is told what it is known to hold.
import { defer, map, merge, mergeMap, type Observable, Subject, switchMap, timer } from 'rxjs'
import { type AllowanceLimits, fullAllowance, takeOne } from '../../domain/allowance.ts'
import { isBusy, isCrowded, togetherMs } from '../../domain/crowded.ts'
import type { Change, Row } from '../../domain/ip-table.ts'
import { gatherFactor, pushesFor } from '../../domain/push-plan.ts'
import { leastOf } from '../../domain/recent-least.ts'
import type { Word } from '../../domain/table/key-ranges.ts'
import { isPassedOn } from '../../domain/table/row.ts'
import {
  CROWDED_BEAT,
  GOSSIP_FANOUT,
  GOSSIP_FANOUT_AGAIN,
  GOSSIP_GATHER,
  GOSSIP_LATE,
  GOSSIP_PUSH_AGAIN,
  GOSSIP_PUSHES_PER_SECOND,
  GOSSIP_TIMEOUT,
} from '../../domain/timings.ts'
import type { Clock } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import type { TableKeeper } from './table-keeper.ts'
import { createWordHolders } from './word-holders.ts'

export interface Rumors {
  /** A peer holds these: it has told or offered them. */
  heldBy(peer: string, words: readonly Word[]): void
  /** Runs while subscribed. */
  readonly runs$: Observable<unknown>
}

interface RumorNeeds {
  readonly clock: Clock
  readonly keeper: TableKeeper
  readonly self: string
  /** `isAgain`: for words that were all pushed before. */
  readonly someone: (count: number, isAgain: boolean) => readonly Row[]
  /** This node has begun a conversation with it that is not over: a push to it waits for that. */
  readonly isSpokenTo: (row: Row) => boolean
  /** `isFirst`: none of these was pushed before. True where the peer answered. */
  readonly push: (to: Row, words: readonly Word[], isFirst: boolean) => Promise<boolean>
}

interface Rumor {
  readonly seq: number
  /** Pushes that are left. */
  readonly left: number
  readonly dueMs: number
}

/** Rounds that may come at once, so that one change does not wait for another. While there is always news they come by `GOSSIP_PUSHES_PER_SECOND`. */
const ROUNDS_AT_ONCE = 6
/** Further rounds, for this node's own word alone. */
const OWN_ROUNDS: AllowanceLimits = { burst: 4, perSecond: 1 }
/** Pushes under way at once. While so many are, words gather: what a busy machine can't send it says in fewer messages later. */
const MOST_PUSHING = 8
const HOLDS_PLACE_MS = 3_000
/** A wait shorter than this is none: sums of decimals may end a little above zero. */
const LEAST_MS = 0.001
/** A timer of Node may end so much early. */
const EARLY_MS = 2
/** Who answers pings after so long answers a push within so many times that. */
const LATE_RTTS = 2
/** On a crowded machine: so many are tried, one after another, until one answers. */
const MOST_TRIED = 3
/** Words on their way at once. What there is no room for is found when tables are compared. */
const MOST_RUMORS = 1_024

export function createRumors({ clock, keeper, self, someone, isSpokenTo, push }: RumorNeeds): Rumors {
  /** Words that nobody was told yet, and those that are told again; in each the one that is due next comes first. */
  const fresh = new Map<string, Rumor>()
  const told = new Map<string, Rumor>()
  /** When the next round is; null: none is waited for. */
  let nextRoundMs: number | null = null
  /** When those that are under way began, the oldest first. */
  const pushes = new Map<object, number>()
  let restUntilMs = 0
  const woken = new Subject<number>()
  const limits = (): AllowanceLimits => ({
    burst: ROUNDS_AT_ONCE,
    perSecond: GOSSIP_PUSHES_PER_SECOND / gatherFactor(keeper.current().rows.size),
  })
  let rounds = fullAllowance(limits(), clock.now())
  let ownRounds = fullAllowance(OWN_ROUNDS, clock.now())

  /** It is held here, and told on as often as it has to be: it counts no more who holds it. */
  const isOver = ({ key, seq }: Word): boolean => {
    const row = keeper.current().rows.get(key)
    return row !== undefined && row.record.seq >= seq && isPassedOn(row) && !fresh.has(key) && !told.has(key)
  }
  const holders = createWordHolders(isOver)

  /** When there is a place for a push. One that takes long holds none: a few slow peers would else keep the words of all. */
  const placeAtMs = (): number => {
    const young = [...pushes.values()].filter((atMs) => clock.now() - atMs < HOLDS_PLACE_MS)
    return (young.at(-MOST_PUSHING) ?? Number.NEGATIVE_INFINITY) + HOLDS_PLACE_MS
  }

  /** There may be hundreds at once, and each that comes asks when the next is due. */
  const wake = (): void => {
    const due = [fresh, told].flatMap((some) => some.values().next().value?.dueMs ?? [])
    if (due.length === 0) return
    // While all else rests its own word alone goes out.
    const mineMs = fresh.get(self)?.dueMs ?? Number.POSITIVE_INFINITY
    const wantedMs = mineMs < restUntilMs ? mineMs : Math.max(Math.min(...due), restUntilMs)
    const roundMs = clock.now() + takeOne(rounds, limits(), clock.now()).waitMs
    // Its own word has further rounds, so it does not wait while those for all words are used up.
    const turnMs = Math.min(roundMs, Math.max(mineMs, clock.now() + takeOne(ownRounds, OWN_ROUNDS, clock.now()).waitMs))
    const atMs = Math.max(wantedMs, placeAtMs(), turnMs)
    if (atMs === nextRoundMs) return
    nextRoundMs = atMs
    woken.next(Math.max(0, atMs - clock.now()))
  }
  const notice = ({ key, seq }: Word): void => {
    if (key !== self && fresh.size + told.size >= MOST_RUMORS && !fresh.has(key) && !told.has(key)) return
    const left = pushesFor(keeper.current().peers.size - 1)
    fresh.delete(key)
    told.delete(key)
    fresh.set(key, { seq, left, dueMs: clock.now() + GOSSIP_GATHER })
    wake()
  }
  /** Takes out the words that are due, of those that are meant. Those with pushes left are told again later. */
  const dueOf = (rumors: Map<string, Rumor>, nowMs: number, isMeant: (key: string) => boolean = () => true): readonly Word[] => {
    const words: Word[] = []
    for (const [key, { seq, left, dueMs }] of rumors) {
      if (dueMs - nowMs > LEAST_MS) break
      if (!isMeant(key)) continue
      words.push({ key, seq })
      rumors.delete(key)
      if (left > 1) told.set(key, { seq, left: left - 1, dueMs: nowMs + GOSSIP_PUSH_AGAIN })
    }
    return words
  }
  const unspokenFirst = (some: readonly Row[]): Row[] => [...some.filter((row) => !isSpokenTo(row)), ...some.filter(isSpokenTo)]
  const pushed = async (to: Row, words: readonly Word[], isFirst: boolean): Promise<boolean> => {
    const mark = {}
    pushes.set(mark, clock.now())
    const isHeard = await push(to, words, isFirst)
    pushes.delete(mark)
    wake()
    return isHeard
  }
  /** Where this process waits for a processor itself all are late, and who is far away takes long always. */
  const lateMs = ({ latency: { recent, rttMs } }: Row): number => {
    const pathMs = leastOf(recent, clock.wallMs()) ?? rttMs ?? 0
    return isBusy(clock) ? GOSSIP_TIMEOUT : Math.min(GOSSIP_TIMEOUT, Math.max(GOSSIP_LATE, LATE_RTTS * pathMs))
  }
  /** False: it failed, or takes so long that another stands in for it. */
  const inTime = (to: Row, heard: Promise<boolean>): Promise<boolean> =>
    new Promise((resolve, reject) => {
      const late = clock.setTimeout(() => resolve(false), lateMs(to))
      heard.then(resolve, reject).finally(() => clock.clearTimeout(late))
    })
  /** Its own word, where it is time to tell it. */
  const ownDue = (nowMs: number): Rumor | null => {
    const mine = fresh.get(self)
    return mine !== undefined && mine.dueMs - nowMs <= LEAST_MS ? mine : null
  }
  /** Only what this node says of itself goes out, to one; the rest is found when tables are compared. */
  const crowdedRound = async (nowMs: number): Promise<void> => {
    const mine = ownDue(nowMs)
    restUntilMs = nowMs + togetherMs(CROWDED_BEAT / 2, clock)
    if (mine !== null) fresh.delete(self)
    wake()
    if (mine === null) return
    const words = [{ key: self, seq: mine.seq }]
    for (const to of unspokenFirst(someone(MOST_TRIED, false))) if (await pushed(to, words, true)) return holders.add(to.key, words)
  }
  const round = async (): Promise<void> => {
    const nowMs = clock.now()
    nextRoundMs = null
    if (placeAtMs() - nowMs > LEAST_MS) return wake()
    if (isCrowded(clock)) return crowdedRound(nowMs)
    const isOwnOnly = ownDue(nowMs) !== null && takeOne(rounds, limits(), nowMs).waitMs > EARLY_MS
    if (isOwnOnly) ownRounds = takeOne(ownRounds, OWN_ROUNDS, nowMs).allowance
    else rounds = takeOne(rounds, limits(), nowMs).allowance
    const again = isOwnOnly ? [] : dueOf(told, nowMs)
    const first = dueOf(fresh, nowMs, (key) => !isOwnOnly || key === self)
    const words = [...first, ...again]
    const isFirst = first.length > 0
    wake()
    const fanout = isFirst ? GOSSIP_FANOUT : GOSSIP_FANOUT_AGAIN
    // Twice as many are drawn: the others stand in for those who know all of it, are spoken to, or do not answer.
    const drawn = unspokenFirst(someone(2 * fanout, !isFirst))
    const one = async (): Promise<void> => {
      for (let to = drawn.shift(); to !== undefined; to = drawn.shift()) {
        const { key } = to
        const news = words.filter((word) => !holders.has(key, word))
        if (news.length === 0) continue
        const heard = pushed(to, news, isFirst).then((isHeard) => {
          if (isHeard) holders.add(key, news)
          return isHeard
        })
        // While all places are taken nobody stands in.
        if ((await inTime(to, heard)) || placeAtMs() - clock.now() > LEAST_MS) return
      }
    }
    await Promise.all(Array.from({ length: fanout }, one))
    for (const word of words) if (isOver(word)) holders.forget(word.key)
  }

  return {
    heldBy: holders.add,
    runs$: defer(() => {
      nextRoundMs = null
      return merge(
        keeper.changes$.pipe(
          mergeMap((change) => newsIn(change, keeper)),
          map(notice),
        ),
        woken.pipe(
          switchMap((ms) => timer(ms, clockScheduler(clock))),
          mergeMap(round),
        ),
      )
    }),
  }
}

/** A word that may be passed on and is new here; of a row that is gone its owner's goodbye. */
function newsIn(change: Change, keeper: TableKeeper): readonly Word[] {
  const { key, record } = change.row
  if (change.type === 'removed' && change.why === 'it said goodbye')
    return [{ key, seq: keeper.current().gone.get(key)?.seq ?? record.seq }]
  return (change.type === 'added' || change.type === 'changed') && isPassedOn(change.row) ? [{ key, seq: record.seq }] : []
}
