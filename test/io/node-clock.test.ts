import { expect, test } from 'vitest'
import { createNodeClock, createNodeRandom } from '../../src/io/node-clock.ts'

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
