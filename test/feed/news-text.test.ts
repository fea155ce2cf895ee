// What a person reads of news: sentences that name who is meant.
import { expect, test } from 'vitest'
import { newsText } from '../../src/feed/news-text.ts'

const arrived = { type: 'client.arrived', client: '1e0f27889c3d4b5a', remote: '203.0.113.9:4711', version: '0.45.0' } as const

test.each<[string | null, string]>([
  ['420971cb859e1363d4ab42e847165cc5', 'Carrying for 203.0.113.9:4711 (1e0f2788) now (node 420971cb, frp 0.45.0).'],
  [null, 'Carrying for 203.0.113.9:4711 (1e0f2788) now (frp 0.45.0).'],
])('a client that arrives is told with the id of its node, where it has proven one: %s', (member, text) =>
  expect(newsText({ ...arrived, member })).toEqual(text),
)
