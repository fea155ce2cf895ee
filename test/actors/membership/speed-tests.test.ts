import { describe, expect, test } from 'vitest'
import type { Speed, SpeedResult } from '../../../src/actors/membership/speed.ts'
import { speedTests } from '../../../src/actors/membership/speed-tests.ts'
import { putOwn } from '../../../src/domain/ip-table.ts'
import { unsignedRecord } from '../../../src/domain/record.ts'
import { SPEED_STALE } from '../../../src/domain/timings.ts'
import { signedBy } from '../../records.ts'
import { stateParts } from '../state-parts.ts'

const FIGURES: SpeedResult = {
  ...{ type: 'speed', downMbps: 90, upMbps: 40, downBytes: 1, upBytes: 2, downMs: 3, upMs: 4, confidence: 0.9 },
  down: { mbps: 90, lowMbps: 88, highMbps: 92, coverage: 0.8, confidence: 0.9, settled: true, limitedBy: 'path' },
  up: { mbps: 40, lowMbps: 39, highMbps: 41, coverage: 0.8, confidence: 0.9, settled: true, limitedBy: 'path' },
}
const ash = signedBy('ash', '192.0.2.1:8088')

/** A moment for a test every 10 s. */
function start(test: (address: string) => ReturnType<Speed['test']> = async () => FIGURES) {
  const parts = stateParts()
  const { clock, keeper } = parts
  const asked: string[] = []
  const speed: Speed = {
    test: (address) => {
      asked.push(`${clock.now()} ${address}`)
      return test(address)
    },
    answer: async () => null,
  }
  const running = speedTests({ ...parts, clock: parts.time, speed, paceMs: 10_000 }).subscribe({ error: parts.onBug })
  return {
    ...parts,
    asked,
    running,
    figures: (key: string) => {
      const row = keeper.current().rows.get(key)
      return row && [row.downMbps, row.upMbps, row.speedAtMs === null ? null : row.speedAtMs - clock.wallMs()]
    },
    told: () => parts.news.flatMap((one) => (one.type.startsWith('speed.') ? [one] : [])),
  }
}

test('a row is tested at a calm moment, and what came of it goes into the table and is told', async () => {
  const { clock, prove, asked, figures, told, running } = start()
  prove(ash)
  await clock.advance(10_000)
  expect([asked, figures('ash'), told()]).toEqual([
    ['10000 192.0.2.1:8088'],
    [90, 40, 0],
    [{ type: 'speed.measured', peer: 'ash', downMbps: 90, upMbps: 40 }],
  ])
  running.unsubscribe()
  expect(clock.timerCount).toEqual(0)
})

test('a moment within a second of a change of the table is left out', async () => {
  const { clock, prove, asked } = start()
  prove(ash)
  clock.setTimeout(() => prove(signedBy('elm', '192.0.2.2:8088')), 9_500)
  await clock.advance(10_000)
  expect(asked).toEqual([])
})

describe('who is tested', () => {
  test('one after another, each once in six hours', async () => {
    const { clock, leap, prove, asked } = start()
    for (let i = 1; i <= 3; i++) prove(signedBy(`peer${i}`, `192.0.2.${i}:8088`))
    await clock.advance(60_000)
    expect(asked.map((line) => line.split(' ')[1]).sort()).toEqual(['192.0.2.1:8088', '192.0.2.2:8088', '192.0.2.3:8088'])
    leap(SPEED_STALE)
    await clock.advance(60_000)
    expect(asked.length).toEqual(6)
  })

  test('nobody that is only heard of, suspect, or has no identity', async () => {
    const { clock, hear, prove, asked } = start()
    hear(ash)
    prove(unsignedRecord('192.0.2.2:8088'))
    await clock.advance(60_000)
    expect(asked).toEqual([])
  })

  test('this node, at its own listener', async () => {
    const { clock, own, keeper, asked } = start()
    own.announce('192.0.2.9:8088', null)
    const record = own.record()
    if (record) keeper.apply((table, wallMs) => putOwn(table, record, wallMs))
    await clock.advance(20_000)
    expect(asked).toEqual(['10000 127.0.0.1:8088'])
  })
})

test('one that fails is told, and tried again after twice the pace', async () => {
  const { clock, prove, asked, figures, told } = start(async () => ({ type: 'failed', reason: 'reset', text: 'connection reset' }))
  prove(ash)
  await clock.advance(40_000)
  expect([asked, figures('ash'), told()[0]]).toEqual([
    ['10000 192.0.2.1:8088', '40000 192.0.2.1:8088'],
    [null, null, 0],
    { type: 'speed.refused', peer: 'ash', why: 'connection reset' },
  ])
})

test('one that is busy is not counted as tried', async () => {
  let busy = true
  const { clock, prove, asked, figures } = start(async () => (busy ? { type: 'busy', retryAfterMs: 1_000 } : FIGURES))
  prove(ash)
  await clock.advance(10_000)
  busy = false
  expect(figures('ash')).toEqual([null, null, null])
  await clock.advance(10_000)
  expect([asked.length, figures('ash')]).toEqual([2, [90, 40, 0]])
})

test('while one runs, no other begins', async () => {
  const { clock, prove, asked } = start(() => new Promise(() => {}))
  prove(ash)
  await clock.advance(60_000)
  expect(asked.length).toEqual(1)
})
