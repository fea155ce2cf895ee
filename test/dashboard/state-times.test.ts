import { expect, test } from 'vitest'
import { entriesOf, type StateNews, stateTimes } from '../../dashboard/state-times.ts'
import type { Entry } from '../../src/feed/news.ts'

const START = Date.parse('2026-01-02T03:04:05.000Z')
const entered = (seconds: number, from: string, state: string, instance = '', machine = 'node'): StateNews => ({
  ...{ type: 'state.entered', machine, instance, from, state, event: 'x' },
  seq: seconds + 1,
  at: new Date(START + seconds * 1_000).toISOString(),
})

test('each state has how often and how long, and the current one goes on', () => {
  const entries = [
    entered(0, '', 'probing'),
    entered(2, 'probing', 'selectingTurn'),
    entered(3, 'selectingTurn', 'tunnelling.down'),
    entered(4, 'tunnelling.down', 'tunnelling.up'),
    entered(10, 'tunnelling.up', 'selectingTurn'),
    entered(15, 'selectingTurn', 'tunnelling.down'),
  ]
  expect(stateTimes(entries, START + 20_000)).toEqual([
    { state: 'probing', times: 1, totalMs: 2_000, sinceMs: null },
    { state: 'selectingTurn', times: 2, totalMs: 6_000, sinceMs: null },
    { state: 'tunnelling.down', times: 2, totalMs: 6_000, sinceMs: START + 15_000 },
    { state: 'tunnelling.up', times: 1, totalMs: 6_000, sinceMs: null },
  ])
})

test('instances of one machine are apart and add up', () => {
  const entries = [entered(0, '', 'idle', 'a'), entered(1, '', 'idle', 'b'), entered(3, 'idle', 'carrying', 'a')]
  expect(stateTimes(entries, START + 5_000)).toEqual([
    { state: 'idle', times: 2, totalMs: 7_000, sinceMs: START + 1_000 },
    { state: 'carrying', times: 1, totalMs: 2_000, sinceMs: START + 3_000 },
  ])
})

test('only the machine and the instance that are asked for count', () => {
  const other: Entry = { type: 'node.stopped', seq: 9, at: '2026-01-02T03:04:05.000Z' }
  const [a, b, tunnel] = [entered(0, '', 'idle', 'a'), entered(1, '', 'idle', 'b'), entered(1, '', 'idle', '', 'tunnel')]
  expect([entriesOf([a, other, b, tunnel], 'node', null), entriesOf([a, b], 'node', 'b')]).toEqual([[a, b], [b]])
})
