import { expect, test } from 'vitest'
import { framesAt, framesOf, messageOf, RECORDING_HEAD, recordedLine } from '../../src/feed/recording.ts'

const whole = (atMs: number) => recordedLine(atMs, '{"t":"s","seq":0,"news":[]}')
const delta = (atMs: number) => recordedLine(atMs, '{"t":"d","from":0,"seq":1,"news":[]}')
const TEXT = `${RECORDING_HEAD}\n${delta(5)}${whole(10)}${delta(20)}${delta(30)}${whole(40)}${delta(50)}{"atMs":60,"m":{"t":"d"`

test('a recording is read from its first whole line on, without what was cut off', () => {
  const frames = framesOf(TEXT)
  expect(frames.map(({ atMs, isWhole }) => `${atMs}${isWhole ? ' whole' : ''}`)).toEqual(['10 whole', '20', '30', '40 whole', '50'])
  expect(frames.slice(1, 2).map(messageOf)).toEqual([{ t: 'd', from: 0, seq: 1, news: [] }])
})

test.each([
  ['before it begins', 0, [0, 1]],
  ['at its first line', 10, [0, 1]],
  ['between two', 35, [0, 3]],
  ['at a whole one', 40, [3, 4]],
  ['after it ends', 9_999, [3, 5]],
])('the lines that lead to a moment %s', (_, atMs, [first, end]) => expect(framesAt(framesOf(TEXT), atMs)).toEqual({ first, end }))

test('nothing leads anywhere in an empty one', () =>
  expect([framesOf(RECORDING_HEAD), framesAt([], 1)]).toEqual([[], { first: 0, end: 0 }]))
