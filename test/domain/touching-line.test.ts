import { expect, test } from 'vitest'
import { type Arrived, touchingLine } from '../../src/domain/touching-line.ts'

/** Each 2 ms what has come at a rate in Mbit/s, but for so much that is held back then, in ms of it. */
const arrived = (mbps: number, forMs: number, lateMs: (ms: number) => number): readonly Arrived[] =>
  Array.from({ length: forMs / 2 }, (_, i) => ({ ms: 2 * i, bytes: mbps * 125 * Math.max(0, 2 * i - lateMs(2 * i)) }))

const found = (all: readonly Arrived[], range: readonly [number, number] = [250, 550]) => {
  const line = touchingLine(all, range)
  return line && { mbps: Math.round(line.mbps / 10) * 10, ms: line.ms }
}

test.each<[string, readonly Arrived[], ReturnType<typeof found>]>([
  ['nothing has no rate', [], null],
  ['a steady path is touched all the time', arrived(400, 300, () => 0), { mbps: 400, ms: 300 }],
  [
    'one that is late half of the time is touched in the other half',
    arrived(400, 300, (ms) => (ms % 60 < 30 ? 20 : 0)),
    { mbps: 400, ms: 160 },
  ],
  [
    'what is caught up with in 100 ms is no faster path',
    arrived(400, 300, (ms) => (ms < 60 ? 0 : ms < 160 ? (ms - 60) / 2 : Math.max(0, 50 - (ms - 160) / 2))),
    { mbps: 400, ms: 120 },
  ],
])('%s', (_, all, expected) => expect(found(all)).toEqual(expected))

test('no line is looked for among rates below nothing', () =>
  expect(
    found(
      arrived(400, 300, () => 0),
      [0, 100],
    ),
  ).toEqual(null))
