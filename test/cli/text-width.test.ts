import { expect, test } from 'vitest'
import { columns } from '../../src/cli/tables.ts'
import { padded, textWidth, within } from '../../src/cli/text-width.ts'

test.each([
  ['', 0],
  ['ash', 3],
  ['日本語', 6],
  ['e\u0301', 1],
  ['🌲 fir', 6],
  ['…–↓', 3],
])('%j takes %d columns', (text, width) => expect(textWidth(text)).toBe(width))

test.each([
  ['cedar', 3, 'ced'],
  ['日本語', 5, '日本'],
  ['日本語', 1, ''],
])('of %j %d columns hold %j', (text, most, expected) =>
  expect([within(text, most), textWidth(padded(expected, most))]).toEqual([expected, most]),
)

test('columns stay below each other where names take two columns a character', () => {
  const lines = columns([
    ['NAME', 'ADDRESS'],
    ['日本語', '192.0.2.1:1'],
    ['ash', '192.0.2.2:1'],
  ]).split('\n')
  expect(lines.map((line) => textWidth(line.slice(0, line.search(/ADDRESS|192/))))).toEqual([8, 8, 8])
})
