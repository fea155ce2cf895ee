import { expect, test } from 'vitest'
import type { Entry } from '../../src/feed/news.ts'
import { createNewsDesk } from '../../src/feed/news-desk.ts'

const start = () => {
  let wallMs = Date.UTC(2030, 0, 1)
  return createNewsDesk(() => wallMs++)
}

test('news is numbered from 1 and dated', () => {
  const desk = start()
  desk.publish({ type: 'node.stopped' })
  desk.publish({ type: 'node.listening', address: null })
  expect(desk.recent(10)).toEqual([
    { type: 'node.stopped', seq: 1, at: '2030-01-01T00:00:00.000Z' },
    { type: 'node.listening', address: null, seq: 2, at: '2030-01-01T00:00:00.001Z' },
  ])
})

test.each([
  [0, []],
  [-1, []],
  [1, [300]],
  [3, [298, 299, 300]],
  [1_000, Array.from({ length: 256 }, (_, i) => i + 45)],
])('of 300 entries the newest %d are %j', (count, expected) => {
  const desk = start()
  for (let i = 0; i < 300; i++) desk.publish({ type: 'node.stopped' })
  expect(desk.recent(count).map(({ seq }) => seq)).toEqual(expected)
})

test('whoever listens hears what comes from then on, until it ends', () => {
  const desk = start()
  const [one, other]: [Entry[], Entry[]] = [[], []]
  desk.publish({ type: 'node.stopped' })
  const end = desk.onEntry((entry) => one.push(entry))
  desk.onEntry((entry) => other.push(entry))
  desk.publish({ type: 'node.stopped' })
  end()
  desk.publish({ type: 'node.stopped' })
  expect([one.map(({ seq }) => seq), other.map(({ seq }) => seq)]).toEqual([[2], [2, 3]])
})

test('news that a listener makes comes after the news that it heard', () => {
  const desk = start()
  const heard: number[] = []
  desk.onEntry(({ seq }) => {
    if (seq === 1) desk.publish({ type: 'node.stopped' })
  })
  desk.onEntry(({ seq }) => heard.push(seq))
  desk.publish({ type: 'node.stopped' })
  expect(heard).toEqual([1, 2])
})
