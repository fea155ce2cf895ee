// New words are pushed to a few peers, who push on what is new to them. Nobody is told what it is known to hold.
import { map, merge, mergeMap, type Observable, Subject, switchMap, timer } from 'rxjs'
import { type AllowanceLimits, fullAllowance, takeOne } from '../../domain/allowance.ts'
import type { Change, Row } from '../../domain/ip-table.ts'
import { pushesFor } from '../../domain/push-plan.ts'
import type { Word } from '../../domain/table/key-ranges.ts'
import { isPassedOn } from '../../domain/table/row.ts'
import { GOSSIP_FANOUT, GOSSIP_FANOUT_AGAIN, GOSSIP_GATHER, GOSSIP_PUSH_AGAIN, GOSSIP_PUSHES_PER_SECOND } from '../../domain/timings.ts'
import type { Clock } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import { RecentMap } from './recent-map.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface Rumors {
  /** A peer holds these: it has told or offered them. */
  heldBy(peer: string, words: readonly Word[]): void
  /** Runs while subscribed. */
  readonly runs$: Observable<unknown>
}

interface RumorNeeds {
  readonly clock: Clock
  readonly keeper: TableKeeper
  readonly someone: (count: number) => readonly Row[]
  /** `isFirst`: none of these was pushed before. True where the peer answered. */
  readonly push: (to: Row, words: readonly Word[], isFirst: boolean) => Promise<boolean>
}

interface Rumor {
  readonly seq: number
  /** Pushes that are left. */
  left: number
  isFirst: boolean
  dueMs: number
}

/** Of pushes: several at once, so that one change does not wait for another, and fewer while there is always news. */
const ROUNDS: AllowanceLimits = { burst: 6, perSecond: GOSSIP_PUSHES_PER_SECOND }
/** Words on their way at once. What there is no room for is found when tables are compared. */
const MOST_RUMORS = 1_024
const MOST_HELD = 2_048
/** Peers remembered as holding one word. */
const MOST_HOLDERS = 16

export function createRumors({ clock, keeper, someone, push }: RumorNeeds): Rumors {
  const rumors = new Map<string, Rumor>()
  const holders = new RecentMap<string, { readonly seq: number; readonly peers: Set<string> }>(MOST_HELD)
  const woken = new Subject<void>()
  let rounds = fullAllowance(ROUNDS, clock.now())

  const heldBy = (peer: string, words: readonly Word[]): void => {
    for (const { key, seq } of words) {
      const known = holders.get(key)
      if (known !== undefined && known.seq > seq) continue
      const peers = known?.seq === seq ? known.peers : new Set<string>()
      if (peers.size < MOST_HOLDERS) peers.add(peer)
      holders.set(key, { seq, peers })
    }
  }
  const isHeld = (peer: string, { key, seq }: Word): boolean => {
    const known = holders.get(key)
    return peer === key || (known !== undefined && known.seq >= seq && known.peers.has(peer))
  }

  const notice = (word: Word): void => {
    if (rumors.size >= MOST_RUMORS && !rumors.has(word.key)) return
    const left = pushesFor(keeper.current().peers.size - 1)
    rumors.set(word.key, { seq: word.seq, left, isFirst: true, dueMs: clock.now() + GOSSIP_GATHER })
    woken.next()
  }
  const nextMs = (): number => {
    let dueMs = Number.POSITIVE_INFINITY
    for (const rumor of rumors.values()) dueMs = Math.min(dueMs, rumor.dueMs)
    return Math.max(dueMs, clock.now() + takeOne(rounds, ROUNDS, clock.now()).waitMs)
  }
  const round = async (): Promise<void> => {
    const nowMs = clock.now()
    rounds = takeOne(rounds, ROUNDS, nowMs).allowance
    const words: Word[] = []
    let isFirst = false
    for (const [key, rumor] of rumors) {
      if (rumor.dueMs > nowMs) continue
      words.push({ key, seq: rumor.seq })
      isFirst ||= rumor.isFirst
      Object.assign(rumor, { left: rumor.left - 1, isFirst: false, dueMs: nowMs + GOSSIP_PUSH_AGAIN })
      if (rumor.left === 0) rumors.delete(key)
    }
    if (rumors.size > 0) woken.next()
    const fanout = isFirst ? GOSSIP_FANOUT : GOSSIP_FANOUT_AGAIN
    // Twice as many are drawn: the others stand in for those who know all of it, or do not answer.
    const drawn = [...someone(2 * fanout)]
    const one = async (): Promise<void> => {
      for (let to = drawn.shift(); to !== undefined; to = drawn.shift()) {
        const { key } = to
        const news = words.filter((word) => !isHeld(key, word))
        if (news.length === 0) continue
        if (!(await push(to, news, isFirst))) continue
        return heldBy(key, news)
      }
    }
    await Promise.all(Array.from({ length: fanout }, one))
  }

  return {
    heldBy,
    runs$: merge(
      keeper.changes$.pipe(
        mergeMap((change) => newsIn(change, keeper)),
        map(notice),
      ),
      woken.pipe(
        switchMap(() => timer(Math.max(0, nextMs() - clock.now()), clockScheduler(clock))),
        mergeMap(round),
      ),
    ),
  }
}

/** A word that may be passed on and is new here; of a row that is gone its owner's goodbye. */
function newsIn(change: Change, keeper: TableKeeper): readonly Word[] {
  const { key, record } = change.row
  if (change.type === 'removed' && change.why === 'it said goodbye')
    return [{ key, seq: keeper.current().gone.get(key)?.seq ?? record.seq }]
  return (change.type === 'added' || change.type === 'changed') && isPassedOn(change.row) ? [{ key, seq: record.seq }] : []
}
