import { expect, test } from 'vitest'
import type { Entry } from '../../src/feed/news.ts'
import { keepNewest } from '../../src/feed/news-ring.ts'

/** `n`: this node's own; `c`: a client's. */
const entries = (kinds: string): readonly Entry[] =>
  [...kinds].map((kind, i) => {
    const base = { seq: i + 1, at: '2030-01-01T00:00:00.000Z' }
    return kind === 'n' ? { type: 'node.stopped', ...base } : { type: 'client.refused', remote: '203.0.113.9:1', why: 'x', ...base }
  })

test.each<[string, number, readonly number[]]>([
  ['nnn', 5, [1, 2, 3]],
  ['nnnn', 2, [3, 4]],
  ['nncc', 4, [1, 2, 3, 4]],
  ['nncccc', 4, [1, 2, 5, 6]],
  ['nccccc', 4, [1, 4, 5, 6]],
  ['cccccc', 4, [3, 4, 5, 6]],
  ['ccccnnnn', 4, [5, 6, 7, 8]],
  ['ncncncnc', 4, [5, 6, 7, 8]],
  ['nnnncccc', 3, [3, 4, 8]],
  ['nc', 0, []],
  ['nc', -1, []],
])('of %s the newest %d are %j', (kinds, count, expected) => {
  expect(keepNewest(entries(kinds), count).map(({ seq }) => seq)).toEqual(expected)
})
