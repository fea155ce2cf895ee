import { expect, test } from 'vitest'
import { returnText } from '../../dashboard/return-text.ts'

const ash = { id: 'ab'.repeat(16), name: 'ash', startedAt: '2026-01-02T03:04:05.000Z' }

test.each([
  ['the same run', ash, 'The node was out of sight for 12 s, and has run on meanwhile.'],
  ['another run', { ...ash, startedAt: '2026-01-02T04:00:00.000Z' }, 'The node was restarted; nothing came from it for 12 s.'],
  ['another key', { ...ash, id: 'cd'.repeat(16) }, 'Another node answers here now: ash (cdcdcdcd) in place of ash (abababab), after 12 s.'],
])('what is said of %s', (_, now, text) => expect(returnText(ash, now, 12_000, true)).toEqual(text))

test('an absence that the page had not said is not told of afterwards', () =>
  expect([returnText(ash, { ...ash, startedAt: '2026-01-02T04:00:00.000Z' }, 1_000, false), returnText(ash, ash, 1_000, false)]).toEqual([
    'The node was restarted.',
    null,
  ]))
