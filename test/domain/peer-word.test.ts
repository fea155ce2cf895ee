import { expect, test } from 'vitest'
import { isMeant } from '../../src/domain/peer-word.ts'

const ASH = 'a5'.repeat(16)
const ELM = 'e1'.repeat(16)

test.each<[string, string, string, boolean]>([
  ['its id', ASH, 'ash', true],
  ['its id in capitals', ASH.toUpperCase(), 'ash', true],
  ['the beginning of its id', 'A5a5a5', 'ash', true],
  ['less than that', 'a5a5a', 'ash', false],
  ['its name in another case', 'ASH', 'Ash', true],
  ['its address', '192.0.2.1:8088', 'ash', true],
  ['another name', 'elm', 'ash', false],
  ["another's id, which it calls itself", ELM, ELM, false],
  ["another's id in capitals, which it calls itself", ELM.toUpperCase(), ELM, false],
  ["another's address, which it calls itself", '192.0.2.2:8088', '192.0.2.2:8088', false],
  ['a stock frps, which it calls itself', 'frp://192.0.2.9:7000', 'frp://192.0.2.9:7000', false],
])('a node is meant by %s: %s', (_, word, name, expected) =>
  expect(isMeant(word, { key: ASH, id: ASH, name, address: '192.0.2.1:8088' })).toBe(expected),
)
