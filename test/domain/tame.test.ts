import { expect, test } from 'vitest'
import { tame, tamed } from '../../src/domain/tame.ts'
import { STEERS, WILD_TEXTS } from '../wild-texts.ts'

test.each([
  ['plain', 'plain'],
  ['Grüße, 東京 👋🏽', 'Grüße, 東京 👋🏽'],
  ['\x1b[2Jgone', '?[2Jgone'],
  ['\x1b]8;;http://evil.test\x07click\x1b]8;;\x07', '?]8;;http://evil.test?click?]8;;?'],
  ['\x9b31mred', '?31mred'],
  ['two\r\nlines', 'two??lines'],
  ['a\u2028b\u2029c\u0085d', 'a?b?c?d'],
  ['\u202Egnp.exe', '?gnp.exe'],
  ['\u2066\u2069\u200F\u061C', '????'],
  ['\uFEFF\u200B\u00AD', '???'],
  ['\u{E0041}tag', '?tag'],
  ['half \uD83D', 'half ?'],
])('%j is shown as %j', (wild, plain) => expect(tame(wild)).toEqual(plain))

test('what is too long is cut, and never within a character', () => {
  expect([tame('x'.repeat(10_000)).length, tame('abc👋', 4), tame('abcd', 4)]).toEqual([1_000, 'abc…', 'abcd'])
  expect(tame('ab👋c', 4)).toEqual('ab?…')
})

test('every text in a value is tamed, and one with nothing to tame stays itself', () => {
  const plain = { a: 'b', list: ['c', { d: null, e: 1, f: true }] }
  expect(tamed(plain)).toBe(plain)
  const rest = { kept: 1 }
  const after = tamed({ a: 'x\n', list: ['y\x1b', { z: 'ok' }], rest })
  expect([after, after.rest === rest]).toEqual([{ a: 'x?', list: ['y?', { z: 'ok' }], rest }, true])
})

test.each(WILD_TEXTS.map((text) => [text.slice(0, 30), text]))('%j keeps nothing that steers', (_, text) =>
  expect(STEERS.test(tame(text))).toEqual(false),
)
