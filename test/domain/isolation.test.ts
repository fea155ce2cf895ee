import { expect, test } from 'vitest'
import { afterAnswer, afterForgetting, afterSilence, type Isolation, NOT_ISOLATED } from '../../src/domain/isolation.ts'

type Step = (isolation: Isolation) => Isolation
/** Everybody of these falls silent, at 1, 2, 3 … ms. */
const silent =
  (others: number, ...peers: readonly string[]): Step =>
  (isolation) =>
    peers.reduce((so, peer, i) => afterSilence(so, peer, others, i + 1), isolation)
const names = (count: number) => Array.from({ length: count }, (_, i) => `peer${i}`)
const forget =
  (peer: string): Step =>
  (isolation) =>
    afterForgetting(isolation, peer)

test.each<[string, readonly Step[], number, number | null]>([
  ['nobody was asked', [], 0, null],
  ['one is silent', [silent(4, 'ash')], 1, null],
  ['two of two are, which may be the two', [silent(2, 'ash', 'elm')], 2, null],
  ['three of three are', [silent(3, 'ash', 'elm', 'oak')], 3, 3],
  ['three of six are, which is no more than half', [silent(6, 'ash', 'elm', 'oak')], 3, null],
  ['four of seven are', [silent(7, 'ash', 'elm', 'oak', 'fir')], 4, 4],
  ['one is silent three times', [silent(3, 'ash', 'ash', 'ash')], 1, null],
  ['eight are silent in a row, of however many', [silent(10_000, ...names(8))], 8, 8],
  ['seven are, of many', [silent(10_000, ...names(7))], 7, null],
  ['more fall silent later', [silent(3, 'ash', 'elm', 'oak', 'fir')], 4, 3],
  ['somebody answers', [silent(3, 'ash', 'elm', 'oak'), afterAnswer], 0, null],
  ['one that was silent is not asked any more', [silent(3, 'ash', 'elm', 'oak'), forget('ash')], 2, 3],
  ['none that was silent is asked any more', [silent(3, 'ash', 'elm', 'oak'), forget('ash'), forget('elm'), forget('oak')], 0, null],
  ['one that was never asked is forgotten', [silent(3, 'ash', 'elm', 'oak'), forget('fir')], 3, 3],
])('%s', (_, steps, count, sinceMs) => {
  const { silent: peers, sinceMs: since } = steps.reduce<Isolation>((so, step) => step(so), NOT_ISOLATED)
  expect([peers.size, since]).toEqual([count, sinceMs])
})

test('where nobody was silent an answer changes nothing', () => expect(afterAnswer(NOT_ISOLATED)).toBe(NOT_ISOLATED))
