import { expect, test } from 'vitest'
import { createBusyTime, createNodeClock, createNodeRandom, wantedMs } from '../../src/io/node-clock.ts'

test('time goes on in parts of milliseconds, and a timer runs after its time unless it is cleared', async () => {
  const clock = createNodeClock()
  const startMs = clock.now()
  const ran: string[] = []
  await new Promise<void>((resolve) => {
    clock.clearTimeout(clock.setTimeout(() => ran.push('cleared'), 1))
    clock.clearTimeout(null)
    const farAway = clock.setTimeout(() => ran.push('in a month'), 30 * 24 * 3_600_000)
    clock.setTimeout(() => {
      ran.push('soon')
      clock.clearTimeout(farAway)
      resolve()
    }, 5)
  })
  expect(ran).toEqual(['soon'])
  expect(clock.now() - startMs).toBeGreaterThan(4)
  expect(Math.abs(clock.wallMs() - Date.now())).toBeLessThan(1_000)
})

test('chance stays in its range and does not repeat itself', () => {
  const random = createNodeRandom()
  const fractions = Array.from({ length: 1_000 }, () => random.fraction())
  expect([fractions.every((one) => one >= 0 && one < 1), new Set(fractions).size > 990]).toEqual([true, true])
  const mean = fractions.reduce((sum, one) => sum + one, 0) / fractions.length
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.1)
  expect([random.bytes(32).length, Buffer.compare(random.bytes(32), random.bytes(32)) === 0]).toEqual([32, false])
})

test.each<[string, number | null]>([
  ['5000000 2500000 17\n', 7.5],
  ['5000000 0 17\n', 5],
  ['0 0 0\n', null],
  ['', null],
  ['not a number', null],
])('of %j a thread ran or waited for %s ms', (text, expected) => expect(wantedMs(text)).toEqual(expected))

test('what the thread waited for a processor counts, and what can not be read once counts as nothing more', () => {
  const texts = ['1000000 0 1', '2000000 1000000 2', '', '4000000 2000000 3']
  const busyMs = createBusyTime(() => texts.shift() ?? '')
  expect([busyMs(), busyMs(), busyMs()]).toEqual([3, 3, 6])
})

test('where it is not counted the loop tells', () => {
  const busyMs = createBusyTime(() => {
    throw new Error('no such file')
  })
  const before = busyMs()
  const until = performance.now() + 20
  while (performance.now() < until);
  expect(busyMs() - before >= 15).toEqual(true)
})
