import { describe, expect, test } from 'vitest'
import { gossipRestMs, isBusy, isCrowded, lookRestMs, patientMs, togetherMs } from '../../src/domain/crowded.ts'
import { CROWDED_BEAT, CROWDED_REST, GOSSIP_REST_MOST, PATIENCE_MOST } from '../../src/domain/timings.ts'

const clock = (share: number, nowMs = 0) => ({ waitedShare: () => share, now: () => nowMs })

test.each([
  [0, { isBusy: false, isCrowded: false }],
  [0.2, { isBusy: false, isCrowded: false }],
  [0.21, { isBusy: true, isCrowded: false }],
  [0.6, { isBusy: true, isCrowded: false }],
  [0.61, { isBusy: true, isCrowded: true }],
  [1, { isBusy: true, isCrowded: true }],
])('of a process that waits for a processor %d of its time the machine is %o', (share, expected) =>
  expect({ isBusy: isBusy(clock(share)), isCrowded: isCrowded(clock(share)) }).toEqual(expected),
)

describe('on a crowded machine', () => {
  test.each([
    ['waits for the next beat', 0, 500, CROWDED_BEAT],
    ['no longer than its own time where that ends at a beat', CROWDED_BEAT - 500, 500, 500],
    ['for the beat after that where it ends a moment later', CROWDED_BEAT - 500, 501, CROWDED_BEAT + 500],
    ['longer than its own time only until the beat that follows', 100, 2 * CROWDED_BEAT, 3 * CROWDED_BEAT - 100],
    ['not at all where it is due at a beat that is now', 2 * CROWDED_BEAT, 0, 0],
  ])('what is due %s', (_, nowMs, ms, expected) => expect(togetherMs(ms, clock(0.9, nowMs))).toEqual(expected))

  test('what is asked for at different times in one beat is gone about at one moment', () => {
    const atMs = [0.501, 0.7, 1].map((beats) => beats * CROWDED_BEAT + togetherMs(CROWDED_BEAT / 2, clock(0.9, beats * CROWDED_BEAT)))
    expect(atMs).toEqual([2 * CROWDED_BEAT, 2 * CROWDED_BEAT, 2 * CROWDED_BEAT])
  })
})

test.each([0, 0.5, 0.6])('elsewhere, where it waits %d of its time, nothing waits for anything else', (share) =>
  expect([0, 1, 500, 2_000].map((ms) => togetherMs(ms, clock(share, 700)))).toEqual([0, 1, 500, 2_000]),
)

test.each([
  [0, 0],
  [0.25, 750],
  [0.5, 1_500],
  [0.75, GOSSIP_REST_MOST],
  [1, GOSSIP_REST_MOST],
])('at a share of %d comparisons of tables are %i ms further apart', (share, expected) =>
  expect(gossipRestMs(clock(share))).toEqual(expected),
)

test.each([
  [0, 1],
  [0.25, 1.75],
  [0.5, 2.5],
  [0.75, PATIENCE_MOST],
  [1, PATIENCE_MOST],
])('at a share of %d a request may take %d times as long', (share, times) =>
  expect([2_000, 4_000].map((ms) => patientMs(ms, clock(share)))).toEqual([2_000 * times, 4_000 * times]),
)

test.each([
  [6, 1_500],
  [40, CROWDED_REST],
  [10_000, CROWDED_REST],
])('with %i rows first looks there are so far apart', (rows, ms) => expect(lookRestMs(rows)).toEqual(ms))
