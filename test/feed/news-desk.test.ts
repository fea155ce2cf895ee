import { expect, test } from 'vitest'
import type { Entry } from '../../src/feed/news.ts'
import { createNewsDesk } from '../../src/feed/news-desk.ts'
import { EACH_SOURCE } from '../../src/feed/news-limit.ts'

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

test('measurements are kept apart, so that pings push out nothing that people read', () => {
  const desk = start()
  const heard: Entry['type'][] = []
  desk.onEntry(({ type }) => heard.push(type))
  desk.publish({ type: 'node.listening', address: null })
  for (let i = 0; i < 300; i++) desk.publish({ type: 'peer.measured', peer: 'ash', rttMs: 1, jitterMs: null, lossPct: 0 })
  desk.publish({ type: 'speed.measured', peer: 'ash', downMbps: 1, upMbps: 1 })
  desk.publish({ type: 'node.stopped' })
  expect(desk.recent(300).map(({ type, seq }) => [type, seq])).toEqual([
    ['node.listening', 1],
    ['node.stopped', 303],
  ])
  const measurements = desk.recent(300, 'measurements')
  expect([measurements.length, measurements[0]?.seq, measurements.at(-1)?.type]).toEqual([256, 47, 'speed.measured'])
  expect(heard.length).toEqual(303)
})

test('what one client tells too often is numbered and left out, for the log too', () => {
  const desk = start()
  const heard: number[] = []
  desk.onEntry(({ seq }) => heard.push(seq))
  const { burst } = EACH_SOURCE
  for (let i = 0; i < burst + 40; i++) desk.publish({ type: 'client.refused', remote: `203.0.113.9:${1_024 + i}`, why: 'no login' })
  desk.publish({ type: 'node.stopped' })
  expect(heard).toEqual([...Array.from({ length: burst }, (_, i) => i + 1), burst + 41])
})
