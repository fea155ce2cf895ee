import { expect, test } from 'vitest'
import type { TurnChoice } from '../../src/domain/turn-choice.ts'
import * as held from '../../src/machines/held-tunnels.ts'

const choiceOf = (name: string): TurnChoice => ({
  turn: {
    ...{ key: name, id: name, name, address: `${name}.test:8088`, kind: 'moonwalk', rttMs: 1 },
    ...{ alive: true, offersTurn: true, behindNat: false },
  },
  reason: '',
})

type Step = (tunnels: held.HeldTunnels) => held.HeldTunnels
const opening =
  (name: string, replaces: string | null = null, isFirst = false): Step =>
  (tunnels) =>
    held.withOpening(tunnels, choiceOf(name), replaces, isFirst)
const opened =
  (name: string): Step =>
  (tunnels) =>
    held.withOpened(tunnels, name, `${name}.test:20000`, 5)
const proven =
  (name: string, atMs: number): Step =>
  (tunnels) =>
    held.withProof(tunnels, name, `${name}.test:20000`, atMs)
const broke =
  (name: string): Step =>
  (tunnels) =>
    held.withBreak(tunnels, name)
const retiring =
  (name: string): Step =>
  (tunnels) =>
    held.withRetiring(tunnels, name)
const first =
  (name: string): Step =>
  (tunnels) =>
    held.withFirst(tunnels, name)

const TWO = [opening('a'), opening('b'), opened('a'), opened('b')]

test.each<[string, readonly Step[], string, string]>([
  ['begun', [opening('a'), opening('b')], 'a opening, b opening', ''],
  ['opened in another order', [opening('a'), opening('b'), opened('b'), opened('a')], 'b open, a open', 'b a'],
  ['one open', [opening('a'), opening('b'), opened('b')], 'b open, a opening', 'b'],
  ['the first broken off', [...TWO, broke('a')], 'b open, a opening', 'b'],
  ['the first broken off and open again', [...TWO, broke('a'), opened('a')], 'b open, a open', 'b a'],
  ['one in the place of the first', [...TWO, opening('c', 'a'), opened('c')], 'c open, a open, b open', 'c a b'],
  ['one before all others', [...TWO, opening('c', 'b', true), opened('c'), retiring('b')], 'c open, a open, b retiring', 'c a'],
  ['the second first', [...TWO, first('b')], 'b open, a open', 'b a'],
  ['one that is not open is not first', [...TWO, opening('c'), first('c')], 'a open, b open, c opening', 'a b'],
  ['one that retires is not opened', [...TWO, retiring('b'), opened('b')], 'a open, b retiring', 'a'],
  ['all not needed any more', [...TWO, opening('c'), held.allRetiring], 'a retiring, b retiring, c retiring', ''],
  ['one that retires needed again', [...TWO, retiring('a'), opening('a'), opened('a')], 'b open, a open', 'b a'],
  ['nobody by that name', [...TWO, broke('x'), retiring('x'), first('x'), opened('x')], 'a open, b open', 'a b'],
])('%s', (_, steps, states, announced) => {
  const tunnels = steps.reduce((before, step) => step(before), [] as held.HeldTunnels)
  expect([
    held
      .heldTurns(tunnels)
      .map(({ key, state }) => `${key} ${state}`)
      .join(', '),
    held
      .announced(tunnels)
      .map(({ turn }) => turn.name)
      .join(' '),
  ]).toEqual([states, announced])
})

test('a tunnel whose last proof is older than counts is not announced until it is proven anew', () => {
  const tunnels = [...TWO, proven('b', 20)].reduce((before, step) => step(before), [] as held.HeldTunnels)
  expect([15_005, 15_020, 15_021].map((wallMs) => held.announced(tunnels, wallMs).map(({ turn }) => turn.name))).toEqual([
    ['a', 'b'],
    ['b'],
    [],
  ])
})

test('which one retires', () => {
  const tunnels = [...TWO, retiring('b')].reduce((before, step) => step(before), [] as held.HeldTunnels)
  expect(['a', 'b', 'x'].map((name) => held.isRetiring(tunnels, name))).toEqual([false, true, false])
})
