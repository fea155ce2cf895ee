import { expect, test } from 'vitest'
import { readDuration, readSince } from '../../src/domain/duration.ts'

test.each([
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['30min', 1_800_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['2d', 172_800_000],
  ['', null],
  ['90', null],
  ['h', null],
  ['-1h', null],
  ['1 h', null],
])('%s is %s ms', (text, expected) => expect(readDuration(text)).toEqual(expected))

const NOW = Date.parse('2026-01-02T03:04:05Z')
test.each([
  ['5s', NOW - 5_000],
  ['2026-01-02T03:00:00Z', Date.parse('2026-01-02T03:00:00Z')],
  ['2026-01-02', Date.parse('2026-01-02')],
  ['yesterday', null],
])('since %s', (text, expected) => expect(readSince(text, NOW)).toEqual(expected))
