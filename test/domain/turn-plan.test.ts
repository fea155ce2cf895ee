import { describe, expect, test } from 'vitest'
import { leastOf, NO_RECENT_LEAST, type RecentLeast, withValue } from '../../src/domain/recent-least.ts'
import { BY_LATENCY, type TurnCandidate } from '../../src/domain/turn-choice.ts'
import { type HeldTurn, planTurns, type TurnFailure, type TurnHistory, type TurnPlan } from '../../src/domain/turn-plan.ts'

const NETWORKS: Readonly<Record<string, number>> = { ash: 1, elm: 2, oak: 3, fir: 4 }
const candidate = (name: string, rttMs: number, other: Partial<TurnCandidate> = {}): TurnCandidate => ({
  key: name,
  id: name,
  name,
  address: `192.0.${NETWORKS[name] ?? 9}.1:8088`,
  kind: 'moonwalk',
  rttMs,
  alive: true,
  offersTurn: true,
  behindNat: false,
  ...other,
})
const ash = candidate('ash', 5)
const elm = candidate('elm', 40)
const oak = candidate('oak', 90)
const open = (key: string): HeldTurn => ({ key, state: 'open', replaces: null })
const opening = (key: string, replaces: string | null = null): HeldTurn => ({ key, state: 'opening', replaces })
const retiring = (key: string): HeldTurn => ({ key, state: 'retiring', replaces: null })
const failure = (times: number, atMs: number, isHeard = false): TurnFailure => ({ times, atMs, isHeard, fraction: 0 })

const NOW = 1_000_000
const history = (other: Partial<TurnHistory>): TurnHistory => ({
  candidates: [ash, elm, oak],
  self: 'me',
  preference: BY_LATENCY,
  held: [],
  failures: new Map(),
  tunnels: 2,
  nowMs: NOW,
  begunAtMs: Number.NEGATIVE_INFINITY,
  movedAtMs: Number.NEGATIVE_INFINITY,
  lastMove: null,
  isReview: false,
  ...other,
})

/** A plan in words: what is opened for whom, ranked first, given up; and what is thought of moving to. */
function words({ could, open: opened, first, retire, move, againAtMs }: TurnPlan): string {
  const parts = [
    `could ${could}`,
    opened &&
      `open ${opened.choice.turn.name}${opened.replaces === null ? '' : ` for ${opened.replaces}`}${opened.isFirst ? ', first' : ''}`,
    first && `first ${first}`,
    retire && `retire ${retire}`,
    move && `thinks of ${move.to}${move.from === null ? ' as the first' : ` for ${move.from}`}`,
    Number.isFinite(againAtMs) && `again in ${againAtMs - NOW}`,
  ]
  return parts.filter((part) => part).join('; ')
}

test.each<[string, Partial<TurnHistory>, string]>([
  ['nobody there', { candidates: [] }, 'could 0'],
  ['nothing held', {}, 'could 2; open ash'],
  ['the best is opening', { held: [opening('ash')], begunAtMs: NOW - 400 }, 'could 2; again in 600'],
  ['the best is opening for a second', { held: [opening('ash')], begunAtMs: NOW - 1_000 }, 'could 2; open elm'],
  ['one is open', { held: [open('ash')] }, 'could 2; open elm'],
  ['one is open, and a much nearer one was met since', { held: [open('elm')] }, 'could 2; open ash, first'],
  [
    'one is open, and a much nearer one was met, but this node has just moved',
    { held: [open('elm')], movedAtMs: NOW },
    'could 2; open ash',
  ],
  ['two are open', { held: [open('ash'), open('elm')] }, 'could 2'],
  ['only one is there', { candidates: [ash], held: [open('ash')] }, 'could 1'],
  ['one is wanted', { tunnels: 1, held: [open('ash')] }, 'could 1'],
  ['three are wanted', { tunnels: 3, held: [open('ash'), open('elm')] }, 'could 3; open oak'],
  ['one broke off, and is tried again', { held: [open('elm'), opening('ash')], candidates: [ash, elm], begunAtMs: 0 }, 'could 2'],
  [
    'one that retires does not count, and may be taken back',
    { held: [open('elm'), retiring('oak')], candidates: [elm, oak] },
    'could 2; open oak',
  ],
  [
    'one that retires since its TURN leaves',
    { held: [open('elm'), retiring('ash')], candidates: [{ ...ash, offersTurn: false }, elm] },
    'could 1',
  ],
  ['nobody is left but one that retires', { candidates: [ash], held: [retiring('ash')] }, 'could 1; open ash'],
])('what is planned when %s', (_, other, expected) => expect(words(planTurns(history(other)))).toEqual(expected))

describe('who failed lately', () => {
  const failed = (...entries: readonly (readonly [string, TurnFailure])[]): Partial<TurnHistory> => ({ failures: new Map(entries) })
  test.each<[string, Partial<TurnHistory>, string]>([
    ['gives way to another', failed(['ash', failure(1, NOW)]), 'could 2; open elm'],
    [
      'is not missed while there is another tunnel',
      { ...failed(['ash', failure(1, NOW - 7_000)]), candidates: [ash, elm], held: [open('elm')] },
      'could 1; again in 1000',
    ],
    [
      'once is tried again beside another after 8 s',
      { ...failed(['ash', failure(1, NOW - 8_000)]), candidates: [ash, elm], held: [open('elm')] },
      'could 1; open ash',
    ],
    [
      'twice is not tried beside another for 15 s',
      { ...failed(['ash', failure(2, NOW - 14_000)]), candidates: [ash, elm], held: [open('elm')] },
      'could 1; again in 1000',
    ],
    [
      'once, and is the only one, is tried again after 200 ms',
      { ...failed(['ash', failure(1, NOW - 150)]), candidates: [ash] },
      'could 0; again in 50',
    ],
    [
      'once, and is the only one, is tried again as soon as it answers',
      { ...failed(['ash', failure(1, NOW - 150, true)]), candidates: [ash] },
      'could 0; open ash',
    ],
    ['twice is tried again after 0.5 to 2 s', { ...failed(['ash', failure(2, NOW)]), candidates: [ash] }, 'could 0; again in 500'],
    [
      'often is tried again after a minute at most',
      { ...failed(['ash', { ...failure(40, NOW), fraction: 1 }]), candidates: [ash] },
      'could 0; again in 60000',
    ],
    [
      'is tried no sooner than half a second after another was',
      { ...failed(['ash', failure(1, NOW - 300)], ['elm', failure(1, NOW - 100)]), candidates: [ash, elm], begunAtMs: NOW - 110 },
      'could 0; again in 390',
    ],
  ])('%s', (_, other, expected) => expect(words(planTurns(history(other)))).toEqual(expected))
})

describe('a TURN that leaves', () => {
  const leaving = { ...ash, offersTurn: false }
  test.each<[string, Partial<TurnHistory>, string]>([
    [
      'gives way to another that is held at once',
      { candidates: [leaving, elm, oak], held: [open('ash'), open('elm')] },
      'could 2; first elm',
    ],
    ['is replaced before it is left', { candidates: [leaving, elm, oak], held: [open('elm'), open('ash')] }, 'could 2; open oak for ash'],
    [
      'is replaced once',
      { candidates: [leaving, elm, oak], held: [open('elm'), open('ash'), opening('oak', 'ash')], begunAtMs: 0 },
      'could 2',
    ],
    [
      'is left at once where another tunnel is all there is',
      { candidates: [leaving, elm], held: [open('elm'), open('ash')] },
      'could 1; retire ash',
    ],
    ['is kept where it is the only one', { candidates: [leaving], held: [open('ash')] }, 'could 1'],
  ])('%s', (_, other, expected) => expect(words(planTurns(history(other)))).toEqual(expected))
})

describe('pinned TURNs, while others are held', () => {
  const pinned = (...pins: readonly string[]): Partial<TurnHistory> => ({ preference: { mode: 'pinned', pins, byHand: true } })
  test.each<[string, Partial<TurnHistory>, string]>([
    ['are opened before the others are left', { ...pinned('oak'), held: [open('ash'), open('elm')] }, 'could 1; open oak for ash'],
    ['come first once they are open', { ...pinned('oak'), held: [open('ash'), open('elm'), open('oak')] }, 'could 1; first oak'],
    ['end the others once they are open', { ...pinned('oak'), held: [open('oak'), open('elm')] }, 'could 1; retire elm'],
    ['that can not be had leave the others as they are', { ...pinned('gone'), held: [open('ash'), open('elm')] }, 'could 1'],
    ['that are held stay', { ...pinned('elm', 'ash'), held: [open('elm'), open('ash')] }, 'could 2'],
  ])('%s', (_, other, expected) => expect(words(planTurns(history(other)))).toEqual(expected))
})

describe('a better TURN', () => {
  const review = { isReview: true, held: [open('elm'), open('oak')] }
  const forOak = { from: 'oak', to: 'ash' }
  test.each<[string, Partial<TurnHistory>, string]>([
    ['is thought of at the first look', review, 'could 2; thinks of ash for oak'],
    ['is moved to at the second', { ...review, lastMove: forOak }, 'could 2; open ash for oak, first'],
    ['is not within a minute of the last move', { ...review, lastMove: forOak, movedAtMs: NOW - 59_999 }, 'could 2; thinks of ash for oak'],
    [
      'is not while another tunnel opens',
      { ...review, tunnels: 2, held: [open('elm'), open('oak'), opening('fir')], lastMove: forOak },
      'could 2; thinks of ash for oak',
    ],
    ['of a moment is forgotten', { ...review, candidates: [candidate('ash', 35), elm, candidate('oak', 42)], lastMove: forOak }, 'could 2'],
    ['is not by less than a third', { ...review, candidates: [candidate('ash', 65), elm, oak], lastMove: forOak }, 'could 2'],
    [
      'among those held comes first',
      { isReview: true, candidates: [ash, oak], held: [open('oak'), open('ash')], lastMove: { from: null, to: 'ash' } },
      'could 2; first ash',
    ],
    [
      'in the network of another that is held is none',
      { ...review, candidates: [candidate('ash', 5, { address: elm.address }), elm, oak], lastMove: { from: 'oak', to: 'ash' } },
      'could 2; thinks of ash for elm',
    ],
    ['between two looks is not forgotten', { ...review, isReview: false, lastMove: forOak }, 'could 2; thinks of ash for oak'],
  ])('%s', (_, other, expected) => expect(words(planTurns(history(other)))).toEqual(expected))

  test('under ± 8 ms of noise is moved to once in ten minutes at the most', () => {
    const recent = new Map<string, RecentLeast>()
    let [held, moves, lastMove, movedAtMs] = [[open('ash'), open('elm')], 0, null as TurnHistory['lastMove'], Number.NEGATIVE_INFINITY]
    for (let look = 0; look < 60; look++) {
      const noisy = (name: string, ms: number, phase: number) => {
        for (const half of [0, 5_000]) {
          const wallMs = look * 10_000 + half
          recent.set(name, withValue(recent.get(name) ?? NO_RECENT_LEAST, ms + 8 * Math.sin((wallMs / 5_000) * phase), wallMs))
        }
        return candidate(name, leastOf(recent.get(name) ?? NO_RECENT_LEAST, look * 10_000) ?? ms)
      }
      const candidates = [noisy('ash', 30, 1.1), noisy('elm', 32, 2.3), noisy('oak', 28, 0.7), noisy('fir', 31, 3.1)]
      const plan = planTurns(history({ candidates, held, lastMove, movedAtMs, isReview: true, nowMs: NOW + look * 10_000 }))
      lastMove = plan.move
      if (!plan.isMove) continue
      moves++
      movedAtMs = NOW + look * 10_000
      const { open: opened, first } = plan
      if (opened) held = [...held.filter(({ key }) => key !== opened.replaces), open(opened.choice.turn.key)]
      if (first !== null) held = held.toReversed()
    }
    expect(moves <= 1).toEqual(true)
  })
})
