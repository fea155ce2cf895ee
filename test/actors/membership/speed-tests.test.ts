import { describe, expect, test } from 'vitest'
import type { Speed, SpeedResult } from '../../../src/actors/membership/speed.ts'
import { createSpeedAccount } from '../../../src/actors/membership/speed-account.ts'
import { speedTests } from '../../../src/actors/membership/speed-tests.ts'
import { signedBy } from '../../records.ts'
import { fixedChance } from '../../sim/fixed-chance.ts'
import { stateParts } from '../state-parts.ts'

const FIGURES: SpeedResult = {
  ...{ type: 'speed', downMbps: 90, upMbps: 40, downBytes: 1, upBytes: 2, downMs: 3, upMs: 4, confidence: 0.9 },
  down: { mbps: 90, lowMbps: 88, highMbps: 92, coverage: 0.8, confidence: 0.9, settled: true, limitedBy: 'path' },
  up: { mbps: 40, lowMbps: 39, highMbps: 41, coverage: 0.8, confidence: 0.9, settled: true, limitedBy: 'path' },
}
const ash = signedBy('ash', '192.0.2.1:8088')
const elm = signedBy('elm', '192.0.2.2:8088')

interface Setting {
  readonly test?: (address: string) => ReturnType<Speed['test']>
  readonly budgetBytes?: number
  readonly isBusy?: () => boolean
  readonly sustain?: () => ReturnType<Speed['sustain']>
  readonly needsTurn?: boolean
  readonly byThroughput?: boolean
}

/** A moment after 2.5 s, and then every 10 s. */
function start({ test = async () => FIGURES, budgetBytes = 100, isBusy = () => false, needsTurn = false, ...more }: Setting = {}) {
  const parts = stateParts()
  const { clock, keeper } = parts
  const random = fixedChance(0)
  let draws = 0
  // The first draw is of the first gap, those after it of the others and of whom to test.
  const fraction = (): number => (draws++ === 0 ? 0.1 : 1 - Math.exp(-1))
  const asked: string[] = []
  const account = createSpeedAccount({ clock: parts.time, budgetBytes, isBusy })
  const speed: Speed = {
    test: (address) => {
      asked.push(`${Math.round(clock.now())} ${address}`)
      account.spend(3)
      return test(address)
    },
    sustain: (address) => {
      asked.push(`${Math.round(clock.now())} ${address} by one`)
      return more.sustain?.() ?? Promise.resolve({ type: 'sustained', mbps: 12.5, bytes: 3, ms: 2_000 })
    },
    answer: async () => null,
  }
  const running = speedTests({
    ...parts,
    clock: parts.time,
    random: { ...random, fork: () => ({ ...random, fraction }) },
    ...{ speed, account, paceMs: 10_000, ownHosts: () => [], needsTurn: () => needsTurn, byThroughput: more.byThroughput ?? false },
  }).subscribe({ error: parts.onBug })
  return {
    ...parts,
    asked,
    running,
    figures: (key: string) => {
      const row = keeper.current().rows.get(key)
      return row && [row.downMbps, row.upMbps, row.speedAtMs === null ? null : row.speedAtMs - Math.round(parts.time.wallMs())]
    },
    told: () => parts.news.flatMap((one) => (one.type.startsWith('speed.') ? [one] : [])),
  }
}

describe('where a TURN is chosen by throughput', () => {
  const offers = { offersTurn: true }
  const setting = { needsTurn: true, byThroughput: true }

  test('what one connection keeps up is measured once both ways are known, and once a day', async () => {
    const { clock, keeper, prove, asked, figures, time } = start(setting)
    prove(signedBy('ash', '192.0.2.1:8088', offers))
    await clock.advance(60_000)
    expect(asked).toEqual(['2500 192.0.2.1:8088', '12500 192.0.2.1:8088 by one'])
    const atMs = Math.round(time.wallMs()) - 47_500
    expect([figures('ash'), keeper.current().rows.get('ash')?.sustained]).toEqual([[90, 40, -57_500], { mbps: 12.5, atMs }])
  })

  test('one that fails is told of, and tried again after half an hour', async () => {
    const sustain = async () => ({ type: 'failed', reason: 'reset', text: 'connection reset' }) as const
    const { clock, keeper, prove, told } = start({ ...setting, sustain })
    prove(signedBy('ash', '192.0.2.1:8088', offers))
    await clock.advance(20_000)
    expect(told().at(-1)).toEqual({ type: 'speed.refused', peer: 'ash', why: 'connection reset' })
    expect(keeper.current().rows.get('ash')?.sustained?.mbps).toEqual(null)
  })
})

test('a row is tested at a moment, and what came of it goes into the table and is told', async () => {
  const { clock, prove, asked, figures, told, running } = start()
  prove(ash)
  await clock.advance(2_500)
  expect([asked, figures('ash'), told()]).toEqual([
    ['2500 192.0.2.1:8088'],
    [90, 40, 0],
    [{ type: 'speed.measured', peer: 'ash', downMbps: 90, upMbps: 40 }],
  ])
  await clock.advance(60_000)
  expect(asked.length).toEqual(1)
  running.unsubscribe()
  expect(clock.timerCount).toEqual(0)
})

describe('no test begins', () => {
  test('within a second of a change of the table', async () => {
    const { clock, prove, asked } = start()
    prove(ash)
    clock.setTimeout(() => prove(elm), 2_000)
    await clock.advance(2_500)
    expect(asked).toEqual([])
  })

  test('while this node carries traffic', async () => {
    let busy = true
    const { clock, prove, asked } = start({ isBusy: () => busy })
    prove(ash)
    await clock.advance(2_500)
    busy = false
    await clock.advance(10_000)
    expect(asked).toEqual(['12500 192.0.2.1:8088'])
  })

  test('once a quarter of the day’s budget is used in an hour', async () => {
    const { clock, prove, asked } = start({ budgetBytes: 12 })
    prove(ash)
    prove(elm)
    await clock.advance(60_000)
    expect(asked.length).toEqual(1)
  })

  test('where there is no budget', async () => {
    const { clock, prove, asked } = start({ budgetBytes: 0 })
    prove(ash)
    await clock.advance(60_000)
    expect(asked).toEqual([])
  })

  test('while another runs', async () => {
    const { clock, prove, asked } = start({ test: () => new Promise(() => {}) })
    prove(ash)
    prove(elm)
    await clock.advance(60_000)
    expect(asked.length).toEqual(1)
  })
})

test('one that fails is told, and is not tried again at once', async () => {
  const { clock, prove, asked, figures, told } = start({
    test: async () => ({ type: 'failed', reason: 'reset', text: 'connection reset' }),
  })
  prove(ash)
  await clock.advance(60_000)
  expect([asked, figures('ash')?.slice(0, 2), told()]).toEqual([
    ['2500 192.0.2.1:8088'],
    [null, null],
    [{ type: 'speed.refused', peer: 'ash', why: 'connection reset' }],
  ])
})

test('one that is busy is asked again at the time that it named, and then after five minutes', async () => {
  let busy = 2
  const { clock, prove, asked, figures } = start({ test: async () => (busy-- > 0 ? { type: 'busy', retryAfterMs: 1_000 } : FIGURES) })
  prove(ash)
  await clock.advance(11_000)
  expect([asked, figures('ash')]).toEqual([
    ['2500 192.0.2.1:8088', `${3_500 + Math.round(500 * (1 - Math.exp(-1)))} 192.0.2.1:8088`],
    [null, null, null],
  ])
  await clock.advance(290_000)
  expect(asked.length).toEqual(2)
  await clock.advance(20_000)
  expect([asked.length, figures('ash')?.slice(0, 2)]).toEqual([3, [90, 40]])
})

test('one that is busy again and again keeps nobody else from being tested', async () => {
  const { clock, prove, asked, figures } = start({
    test: async (address) => (address === '192.0.2.1:8088' ? { type: 'busy', retryAfterMs: 100 } : FIGURES),
    needsTurn: true,
  })
  prove(signedBy('ash', '192.0.2.1:8088', { offersTurn: true }))
  prove(signedBy('elm', '192.0.2.2:8088', { offersTurn: true }))
  await clock.advance(60_000)
  expect([asked.slice(0, 2).map((line) => line.split(' ')[1]), figures('elm')?.slice(0, 2)]).toEqual([
    ['192.0.2.1:8088', '192.0.2.1:8088'],
    [90, 40],
  ])
})

test('one that gives an appointment in five minutes is left alone until then, and others are tested', async () => {
  const { clock, prove, asked } = start({
    test: async (address) => (address === '192.0.2.1:8088' ? { type: 'busy', retryAfterMs: 300_000 } : FIGURES),
  })
  prove(ash)
  await clock.advance(2_500)
  prove(elm)
  await clock.advance(290_000)
  const before = asked.splice(0)
  await clock.advance(30_000)
  expect([before.map((line) => line.split(' ')[1]), asked.map((line) => line.split(' ')[1])]).toEqual([
    ['192.0.2.1:8088', '192.0.2.2:8088'],
    ['192.0.2.1:8088'],
  ])
})
