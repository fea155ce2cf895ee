import { describe, expect, test } from 'vitest'
import { believed, isSurprise, limitOf, type SpeedFigure, speedWords, wantsSecondLook } from '../../src/domain/speed-figure.ts'

const figure = (mbps: number, over: Partial<SpeedFigure> = {}): SpeedFigure => ({
  ...{ mbps, lowMbps: mbps * 0.96, highMbps: mbps * 1.04, coverage: 0.8, confidence: 0.84, settled: true, limitedBy: 'path' },
  ...over,
})

test.each<[readonly number[], SpeedFigure['limitedBy']]>([
  [[], 'path'],
  [[0.2, 0.89], 'path'],
  [[0.2, 0.9], 'processor'],
  [[1, 0], 'processor'],
])('a test whose ends were at work for %j of it was limited by the %s', (shares, expected) => expect(limitOf(shares)).toEqual(expected))

test.each<[number | null, number, boolean]>([
  [null, 90, false],
  [100, 85, false],
  [100, 84.9, true],
  [100, 115, false],
  [100, 115.1, true],
  [0, 100, false],
])('of a path known for %s Mbit/s, %d are a surprise: %s', (known, mbps, expected) => expect(isSurprise(known, mbps)).toEqual(expected))

test.each<[string, number | null, SpeedFigure, boolean]>([
  ['a path that settled is not, where nothing was known', null, figure(90), false],
  ['nor where it is as it was known', 100, figure(90), false],
  ['one that is far from that is', 100, figure(50), true],
  ['one that never settled is', null, figure(90, { settled: false, confidence: 0.5 }), true],
  ['one that was at its pace for a tenth of the time is', null, figure(90, { confidence: 0.44 }), true],
])('measured once more: %s', (_, known, first, expected) => expect(wantsSecondLook(known, first)).toEqual(expected))

describe('after a repetition', () => {
  test.each<[string, SpeedFigure, SpeedFigure, SpeedFigure]>([
    ['the second is believed where it says the same as the first', figure(50), figure(54), figure(54)],
    ['or as what was known', figure(50), figure(96), figure(96)],
    [
      'else the one with more confidence, of which half is left, and all between both',
      figure(50, { confidence: 0.9 }),
      figure(70),
      figure(50, { highMbps: 72.8, lowMbps: 48, confidence: 0.45, settled: false }),
    ],
    [
      'the second, where both have as much',
      figure(70),
      figure(50),
      figure(50, { lowMbps: 48, highMbps: 72.8, confidence: 0.42, settled: false }),
    ],
    ['the second, where the first never settled', figure(70, { settled: false }), figure(50), figure(50)],
    ['the second, where the first was little to go by', figure(70, { confidence: 0.44 }), figure(50), figure(50)],
    ['the first, where the second never settled and the first was no surprise', figure(96), figure(30, { settled: false }), figure(96)],
    [
      'a surprise that the second could not confirm is half as sure',
      figure(50),
      figure(80, { settled: false, confidence: 0.2 }),
      figure(50, { lowMbps: 48, highMbps: 83.2, confidence: 0.42, settled: false }),
    ],
  ])('%s', (_, first, second, expected) => expect(believed(100, first, second)).toEqual(expected))
})

test.each<[SpeedFigure, string]>([
  [figure(95.62), '96 Mbit/s, between 92 and 99'],
  [figure(4.25), '4.3 Mbit/s, between 4.1 and 4.4'],
  [figure(60, { settled: false, lowMbps: 40, highMbps: 95 }), 'the path never settled: 40 to 95 Mbit/s'],
  [figure(430, { limitedBy: 'processor' }), 'at least 430 Mbit/s: a processor was the limit, and not the path'],
])('%j reads', (way, expected) => expect(speedWords(way)).toEqual(expected))
