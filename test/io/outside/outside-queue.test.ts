import { expect, test } from 'vitest'
import type { Entry } from '../../../src/feed/news.ts'
import { createOutsideQueue, type Deliver } from '../../../src/io/outside/outside-queue.ts'

const entry = (seq: number): Entry => ({ type: 'service.up', service: 'web', public: '203.0.113.9:1', seq, at: '2026-01-01T00:00:00.000Z' })
const settle = () => new Promise((resolve) => setImmediate(resolve))

function start(deliver: Deliver) {
  const told: { readonly seq: number; readonly missed?: number }[] = []
  const troubles: string[] = []
  const queue = createOutsideQueue({
    deliver: (text, signal) => {
      told.push(JSON.parse(text))
      return deliver(text, signal)
    },
    what: 'the hook',
    fix: 'Mend it.',
    node: { id: 'ab', name: 'ash' },
    onTrouble: ({ text }) => troubles.push(text),
  })
  return { queue, told, troubles, seqs: () => told.map(({ seq }) => seq) }
}

test('one entry is one JSON object with the node that tells it', async () => {
  const { queue, told } = start(async () => null)
  queue.tell(entry(1))
  await settle()
  expect([told, queue.note()]).toEqual([[{ schemaVersion: 1, node: { id: 'ab', name: 'ash' }, ...entry(1) }], null])
})

test('they go in order, the next once the one before is through', async () => {
  const through: (() => void)[] = []
  const { queue, seqs } = start(() => new Promise((resolve) => through.push(() => resolve(null))))
  for (const seq of [1, 2, 3]) queue.tell(entry(seq))
  await settle()
  expect(seqs()).toEqual([1])
  for (let i = 0; i < 3; i++) {
    through[i]?.()
    await settle()
  }
  expect(seqs()).toEqual([1, 2, 3])
})

test('a failure is told once, and again only after something got through', async () => {
  const answers = ['no', 'no', null, 'no']
  const { queue, troubles } = start(async () => answers.shift() ?? null)
  for (const seq of [1, 2, 3, 4]) queue.tell(entry(seq))
  await settle()
  expect([troubles, queue.note()?.fix]).toEqual([Array(2).fill('the hook is not told what happens: no'), 'Mend it.'])
})

test('beyond 256 that wait the oldest make room, and the next says how many are missing', async () => {
  const through: (() => void)[] = []
  const { queue, told } = start(() =>
    told.length > 1 ? Promise.resolve(null) : new Promise((resolve) => through.push(() => resolve(null))),
  )
  for (let seq = 1; seq <= 300; seq++) queue.tell(entry(seq))
  through[0]?.()
  await settle()
  expect(told.map(({ seq, missed }) => [seq, missed]).slice(0, 3)).toEqual([
    [1, undefined],
    [45, 43],
    [46, undefined],
  ])
  expect(told.length).toEqual(257)
})

test('those that were not taken are missing too, as are those that they told of', async () => {
  const answers = ['no', 'no', null, null]
  const { queue, told } = start(async () => answers.shift() ?? null)
  for (const seq of [1, 2, 3, 4]) queue.tell(entry(seq))
  await settle()
  expect(told.map(({ seq, missed }) => [seq, missed])).toEqual([
    [1, undefined],
    [2, 1],
    [3, 2],
    [4, undefined],
  ])
})

test('at the end what waits is handed over, and nothing more is taken', async () => {
  const { queue, seqs } = start(async () => null)
  queue.tell(entry(1))
  queue.tell(entry(2))
  await queue.close()
  expect(seqs()).toEqual([1, 2])
})

test('one that never takes it is given up at the end', async () => {
  const { queue, seqs } = start((_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('the node ends'))))
  queue.tell(entry(1))
  queue.tell(entry(2))
  await queue.close()
  queue.tell(entry(3))
  expect(seqs()).toEqual([1])
})
