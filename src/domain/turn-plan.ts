// What a node should do about its tunnels now: a pure function of what it holds and what it has seen.
import { backoffMs } from './backoff.ts'
import {
  TURN_AGAIN_FIRST,
  TURN_AGAIN_GAP,
  TURN_AGAIN_LAST,
  TURN_AGAIN_SOON,
  TURN_BAR,
  TURN_BAR_FIRST,
  TURN_HEAD_START,
  TURN_MOVE_GAP,
} from './timings.ts'
import {
  fitOf,
  isWished,
  isWorthMove,
  pickTurn,
  reasonOf,
  sameness,
  type TurnCandidate,
  type TurnChoice,
  type TurnField,
} from './turn-choice.ts'

/** A tunnel that the node has. */
export interface HeldTurn {
  readonly key: string
  /** `opening`: nothing is proven there, or not any more. */
  readonly state: 'opening' | 'open' | 'retiring'
  /** The key of the one that it is to replace. */
  readonly replaces: string | null
}

/** A TURN that failed, since it last carried. */
export interface TurnFailure {
  /** Times in a row. */
  readonly times: number
  /** Of the last time, on the clock of `nowMs`. */
  readonly atMs: number
  /** It has answered since. */
  readonly isHeard: boolean
  /** In [0, 1): spreads what many nodes do after the same failure. */
  readonly fraction: number
}

/** A move that a look found worth it. `from` null: `to` is held, and should be the first. */
export interface TurnMove {
  readonly from: string | null
  readonly to: string
}

export interface TurnHistory extends Omit<TurnField, 'barred'> {
  /** Best first. */
  readonly held: readonly HeldTurn[]
  readonly failures: ReadonlyMap<string, TurnFailure>
  /** How many are wanted. */
  readonly tunnels: number
  readonly nowMs: number
  /** When the last tunnel was begun; -Infinity: none was. */
  readonly begunAtMs: number
  /** When this node last moved though nothing had failed. */
  readonly movedAtMs: number
  /** What the last look at what is better found. */
  readonly lastMove: TurnMove | null
  /** This is such a look; others happen with every change. */
  readonly isReview: boolean
}

export interface TurnPlan {
  /** How many tunnels there could be: those that are held and those that nothing speaks against, but no more than are wanted. */
  readonly could: number
  /** Opened now. `isFirst`: ranked before all others as soon as it is open. */
  readonly open: { readonly choice: TurnChoice; readonly replaces: string | null; readonly isFirst: boolean } | null
  /** Ranked first from now on. */
  readonly first: string | null
  /** Given up without another in its place, since there are further tunnels: its TURN leaves, or others were pinned. */
  readonly retire: string | null
  /** What would be better, for the next look. */
  readonly move: TurnMove | null
  /** This plan moves though nothing failed. */
  readonly isMove: boolean
  /** When to look again, on the clock of `nowMs`, though nothing changed; Infinity: not needed. */
  readonly againAtMs: number
}

/** The one rule of which tunnels a node opens, ranks first and gives up. */
export function planTurns(history: TurnHistory): TurnPlan {
  const { candidates, self, preference, failures, held, tunnels, nowMs, lastMove } = history
  const byKey = new Map(candidates.map((candidate) => [candidate.key, candidate]))
  const active = held.filter(({ state }) => state !== 'retiring')
  // One that retires may be taken back: its users stay.
  const isHeld = ({ key }: TurnCandidate): boolean => active.some((one) => one.key === key)
  const isLeaving = ({ key }: HeldTurn): boolean => {
    const turn = byKey.get(key)
    return turn !== undefined && (!turn.offersTurn || !isWished(turn, preference))
  }
  const staying = active.filter((one) => !isLeaving(one))
  const opens = staying.filter(({ state }) => state === 'open')
  const fit = fitOf(history)
  const free = fit.filter((candidate) => !isHeld(candidate) && !failures.has(candidate.key))
  const could = Math.min(tunnels, staying.length + free.length) || Math.min(1, active.length)
  const nothing: TurnPlan = {
    could,
    open: null,
    first: null,
    retire: null,
    move: lastMove,
    isMove: false,
    againAtMs: Number.POSITIVE_INFINITY,
  }

  const isSettled = nowMs - history.movedAtMs >= TURN_MOVE_GAP
  const leaver = active.find((one) => isLeaving(one) && !active.some(({ replaces }) => replaces === one.key))
  const [firstOpen] = active.filter(({ state }) => state === 'open')
  const [next] = opens
  if (firstOpen && next && isLeaving(firstOpen)) return { ...nothing, first: next.key }
  if (staying.length < tunnels) {
    const hasOther = active.length > 0
    const failed = fit.filter((candidate) => !isHeld(candidate) && failures.has(candidate.key))
    const dueMs = ({ key }: TurnCandidate): number => Math.max(dueAtMs(failures.get(key), hasOther), history.begunAtMs + TURN_AGAIN_GAP)
    const due = failed.filter((candidate) => dueMs(candidate) <= nowMs)
    const pool = [free, due].find((some) => some.length > 0) ?? []
    const isOpening = staying.some(({ state }) => state === 'opening') && nowMs - history.begunAtMs < TURN_HEAD_START
    const againAtMs = Math.min(...failed.map(dueMs))
    if (isOpening && pool.length > 0) return { ...nothing, againAtMs: history.begunAtMs + TURN_HEAD_START }
    const turn = pickTurn(pool, turnsOf(staying, byKey), self, preference)
    if (turn) {
      const [first] = turnsOf(opens, byKey)
      // A TURN that was met later may well be nearer than the first one: then it comes first. One that failed lately must last first.
      const isFirst = pool === free && first !== undefined && isSettled && isWorthMove(turn, first, preference)
      const open = { choice: choiceOf(turn, history, staying), replaces: leaver?.key ?? null, isFirst }
      return { ...nothing, open, isMove: isFirst }
    }
    if (leaver?.state === 'open' && opens.length > 0) return { ...nothing, retire: leaver.key }
    return { ...nothing, againAtMs }
  }
  if (leaver) return { ...nothing, retire: leaver.state === 'open' && opens.length > 0 ? leaver.key : null }
  if (!history.isReview) return nothing

  const move = betterMove(history, opens, free, byKey)
  const isSure = move !== null && lastMove?.to === move.to && lastMove.from === move.from && isSettled
  const to = move && byKey.get(move.to)
  if (!isSure || !to || active.some(({ state }) => state === 'opening')) return { ...nothing, move }
  const moved = { ...nothing, move: null, isMove: true }
  if (move.from === null) return { ...moved, first: to.key }
  const [first] = turnsOf(opens, byKey)
  const isFirst = first !== undefined && isWorthMove(to, first, preference)
  return { ...moved, open: { choice: choiceOf(to, history, isFirst ? [] : opens), replaces: move.from, isFirst } }
}

/**
 * One to give up, looked for from the last to the first, for a TURN that is much better and in no closer network to the others. Where
 * there is none, a further one that is held and much better than the first comes first.
 */
function betterMove(
  { preference, self }: TurnHistory,
  opens: readonly HeldTurn[],
  free: readonly TurnCandidate[],
  byKey: ReadonlyMap<string, TurnCandidate>,
): TurnMove | null {
  const [first, ...further] = turnsOf(opens, byKey)
  if (!first) return null
  for (const from of [first, ...further].reverse()) {
    const others = [first, ...further].filter((one) => one !== from)
    const closeness = (one: TurnCandidate): number => Math.max(0, ...others.map((other) => sameness(one, other)))
    const gain = free.filter((to) => isWorthMove(to, from, preference) && closeness(to) <= closeness(from))
    const to = pickTurn(gain, others, self, preference)
    if (to) return { from: from.key, to: to.key }
  }
  const next = further.find((one) => isWorthMove(one, first, preference))
  return next ? { from: null, to: next.key } : null
}

const turnsOf = (held: readonly HeldTurn[], byKey: ReadonlyMap<string, TurnCandidate>): readonly TurnCandidate[] =>
  held.flatMap(({ key }) => byKey.get(key) ?? [])

const choiceOf = (turn: TurnCandidate, history: TurnHistory, beside: readonly HeldTurn[]): TurnChoice => ({
  turn,
  reason: reasonOf(
    turn,
    { ...history, barred: [...history.failures.keys()] },
    beside.map(({ key }) => key),
  ),
})

/**
 * When a TURN that failed may be tried again. If it is the only one: soon after the first failure or as soon as it answers, later with
 * backoff. If there is another: not within `TURN_BAR_FIRST` after the first failure, and not within `TURN_BAR` after more.
 */
function dueAtMs(failure: TurnFailure | undefined, hasOther: boolean): number {
  if (!failure) return Number.NEGATIVE_INFINITY
  const { times, atMs, isHeard, fraction } = failure
  if (times === 1 && isHeard && !hasOther) return atMs
  const waitMs = times === 1 ? TURN_AGAIN_SOON : backoffMs(times - 2, TURN_AGAIN_FIRST, TURN_AGAIN_LAST, fraction)
  const barMs = times === 1 ? TURN_BAR_FIRST : TURN_BAR
  return atMs + Math.max(waitMs, hasOther ? barMs : 0)
}
