import { describe, expect, test } from 'vitest'
import { following } from '../../src/domain/table/following.ts'
import { KeyRanges } from '../../src/domain/table/key-ranges.ts'
import { SeededRandom } from '../sim/chance.ts'

const table = (keys: readonly string[]): KeyRanges => {
  const words = new KeyRanges()
  for (const key of keys) words.replace(null, { key, seq: 1 })
  return words
}
const id = (start: string): string => start.padEnd(32, '0')

describe('who comes next', () => {
  test.each<[string, string, number, readonly string[]]>([
    ['in order', '3', 2, ['4', '5']],
    ['in its own range', '10', 2, ['12', '3']],
    ['round the end', 'e', 3, ['ff', '10', '12']],
    ['of all there are, without itself', '4', 99, ['5', 'e', 'ff', '10', '12', '3']],
  ])('%s', (_, self, count, expected) => {
    const words = table(['ff', '12', '10', 'e', '4', '5', '3'].map(id))
    expect(following(words, id(self), count, () => true)).toEqual(expected.map(id))
  })

  test('is fit', () => {
    const words = table(['10', '12', '4', '5'].map(id))
    expect(following(words, id('10'), 2, (key) => key !== id('12'))).toEqual(['4', '5'].map(id))
  })

  test('of three thousand is who stands there when all are sorted', () => {
    const random = new SeededRandom(1)
    const keys = Array.from({ length: 3_000 }, () => Buffer.from(random.bytes(16)).toString('hex')).sort()
    const words = table(keys)
    const next = keys.map((key) => following(words, key, 2, () => true))
    expect(next).toEqual(keys.map((_, i) => [keys[(i + 1) % 3_000], keys[(i + 2) % 3_000]]))
  })
})
