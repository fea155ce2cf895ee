// A day of a network at rest: what automatic speed tests cost each node. Who tests whom and when, and what may be spent, is the
// nodes' own rules; a test itself is only its bytes and its time.
import { expect, test } from 'vitest'
import type { Speed, SpeedResult } from '../../../src/actors/membership/speed.ts'
import { createSpeedAccount } from '../../../src/actors/membership/speed-account.ts'
import { speedTests } from '../../../src/actors/membership/speed-tests.ts'
import { isSurprise } from '../../../src/domain/speed-figure.ts'
import { SPEED_STREAM_BYTES, SPEED_STREAMS } from '../../../src/domain/timings.ts'
import { signedBy } from '../../records.ts'
import { SeededRandom, seedFor } from '../../sim/chance.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { stateParts } from '../state-parts.ts'

const HOUR_MS = 3_600_000
const BUDGET_BYTES = 500_000_000
const PACE_MS = 120_000
/** Until the rate of one way is known. */
const WAY_MS = 400
const addressOf = (i: number): string => `192.0.2.${i + 1}:8088`

const resultOf = (mbps: number): SpeedResult => {
  const way = { mbps, lowMbps: mbps, highMbps: mbps, coverage: 1, confidence: 0.9, settled: true, limitedBy: 'path' } as const
  return {
    ...{ type: 'speed', downMbps: mbps, upMbps: mbps, downBytes: 1, upBytes: 1, downMs: WAY_MS, upMs: WAY_MS, confidence: 0.9 },
    ...{ down: way, up: way },
  }
}

/**
 * The most that any of `count` nodes has used after any hour of a day, and how
 * many tests each began. `mbps`: of any path, within a fifth.
 */
async function liveADay(count: number, mbps: number, needsTurn: boolean) {
  const clock = new VirtualClock()
  const busy = new Set<number>()
  const begun = Array<number>(count).fill(0)
  const chance = new SeededRandom(seedFor(1, 'speeds'))
  const pause = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimeout(resolve, ms))
  const accounts = begun.map(() => createSpeedAccount({ clock, budgetBytes: BUDGET_BYTES, isBusy: () => false }))
  const once = async (both: readonly number[]): Promise<number> => {
    const measured = mbps * (0.8 + 0.4 * chance.fraction())
    await pause(2 * WAY_MS)
    const wayBytes = Math.min(measured * 125 * WAY_MS, SPEED_STREAMS * SPEED_STREAM_BYTES)
    for (const node of both) accounts[node]?.spend(2 * wayBytes)
    return measured
  }
  const speedOf = (me: number): Speed => ({
    answer: async () => null,
    sustain: async () => ({ type: 'busy', retryAfterMs: 1_500 }),
    test: async (address, _lane, known) => {
      const peer = Array.from({ length: count }, (_, i) => addressOf(i)).indexOf(address)
      if (busy.has(me) || busy.has(peer)) return { type: 'busy', retryAfterMs: 1_500 }
      if (accounts[peer]?.isOpen() !== true) return { type: 'busy', retryAfterMs: 300_000 }
      const both = [me, peer]
      for (const node of both) busy.add(node)
      begun[me] = (begun[me] ?? 0) + 1
      let measured = await once(both)
      if (isSurprise(known?.downMbps ?? null, measured) && both.every((node) => accounts[node]?.isOpen())) measured = await once(both)
      for (const node of both) busy.delete(node)
      return resultOf(measured)
    },
  })
  for (const [me, account] of accounts.entries()) {
    const parts = stateParts({ clock, random: new SeededRandom(seedFor(me, 'node')) })
    for (let i = 0; i < count; i++) if (i !== me) parts.prove(signedBy(`node${i}`, addressOf(i)))
    const needs = { speed: speedOf(me), account, paceMs: PACE_MS, ownHosts: () => [], needsTurn: () => needsTurn, byThroughput: false }
    speedTests({ ...parts, ...needs }).subscribe()
  }
  const hourly: number[][] = []
  for (let hour = 0; hour < 24; hour++) {
    await clock.advance(HOUR_MS)
    hourly.push(accounts.map((account) => account.usedBytes()))
  }
  return { most: Math.max(...hourly.flat()), begun }
}

test.each([
  [100, false],
  [100, true],
  [1_000, false],
  [1_000, true],
  [10_000, true],
])(
  'twenty nodes at rest, on paths of %i Mbit/s, move no more than 500 MB a day each; as candidates of a TURN: %j',
  async (mbps, needsTurn) => {
    const { most, begun } = await liveADay(20, mbps, needsTurn)
    expect([most <= BUDGET_BYTES, begun.some((tests) => tests > 0)]).toEqual([true, true])
  },
)

test('on paths of 100 Mbit/s nearly everybody has measured everybody within the day, for less than the budget', async () => {
  const { begun, most } = await liveADay(20, 100, false)
  expect([Math.min(...begun) >= 15, most < 0.8 * BUDGET_BYTES]).toEqual([true, true])
})
