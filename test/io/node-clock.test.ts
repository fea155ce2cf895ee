import { describe, expect, test } from 'vitest'
import { createBusyTime, createNodeClock, createNodeRandom, createWaitedShare, wantedMs } from '../../src/io/node-clock.ts'

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

describe('the share of time that was waited for a processor', () => {
  /** Of ms, as Linux writes it. */
  const schedstat = (ranMs: number, waitedMs: number): string => `${ranMs * 1e6} ${waitedMs * 1e6} 17\n`
  function start(first: string) {
    const world = { text: first, nowMs: 5_000, reads: 0 }
    const share = createWaitedShare(
      () => {
        world.reads++
        if (world.text === 'no such file') throw new Error('no such file')
        return world.text
      },
      () => world.nowMs,
    )
    /** So many ms later the file says that. To a thousandth. */
    const later = (ms: number, text: string): number => {
      Object.assign(world, { text, nowMs: world.nowMs + ms })
      return Math.round(share() * 1_000) / 1_000
    }
    return { world, later }
  }

  test.each([
    ['nothing where it neither ran nor waited', 0, 0, 0],
    ['nothing where it only ran', 200, 0, 0],
    ['little where it did little of both', 5, 5, 0.1],
    ['half where it ran and waited as much, but for the little that says nothing', 480, 480, 0.48],
    ['most where it waited for most of it', 100, 860, 0.86],
  ])('is %s', (_, ranMs, waitedMs, expected) =>
    expect(start(schedstat(70_000, 9_000)).later(1_000, schedstat(70_000 + ranMs, 9_000 + waitedMs))).toEqual(expected),
  )

  test('fades within seconds, and what came last counts most', () => {
    const { later } = start(schedstat(0, 0))
    const kept = Math.exp(-1)
    expect([
      later(1_000, schedstat(480, 480)),
      later(2_000, schedstat(480, 480)),
      later(2_000, schedstat(580, 480)),
      later(60_000, schedstat(580, 480)),
    ]).toEqual([
      0.48,
      Math.round((1_000 * 480 * kept) / (960 * kept + 40)) / 1_000,
      Math.round((1_000 * 480 * kept ** 2) / (960 * kept ** 2 + 100 + 40)) / 1_000,
      0,
    ])
  })

  test('is not read anew within a quarter of a second', () => {
    const { world, later } = start(schedstat(0, 0))
    const shares = [later(0, schedstat(30, 30)), later(249, schedstat(30, 30)), later(1, schedstat(30, 30)), later(249, schedstat(90, 900))]
    expect([shares, world.reads]).toEqual([[0, 0, 0.3, 0.3], 2])
  })

  test.each(['no such file', '', 'not a number', '5000000', '-1 3000000 2', '5000000 x 2'])(
    'is 0 where the file is %j at first, whatever it is later',
    (text) => {
      const { later } = start(text)
      expect([later(1_000, text), later(1_000, schedstat(500, 500))]).toEqual([0, 0])
    },
  )

  test.each(['no such file', 'not a number'])('only fades while the file is %j, and goes on from where it was', (text) => {
    const { later } = start(schedstat(0, 0))
    const fading = 480 * Math.exp(-1)
    expect([later(1_000, schedstat(480, 480)), later(2_000, text), later(4_000, schedstat(480, 1_440))]).toEqual([
      0.48,
      Math.round((1_000 * fading) / (2 * fading + 40)) / 1_000,
      0.887,
    ])
  })
})
