// When an address is proven over the members' channel, when a knock is enough, and what follows where either fails.
import { expect, test } from 'vitest'
import { createNodeProof } from '../../../src/actors/turn/node-proof.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'

const AT = '192.0.2.1:20000'
const PERIOD = 8_000

interface Path {
  /** Whether each gets through at that time. */
  readonly proof?: (atMs: number) => boolean
  readonly knock?: (atMs: number) => boolean
  /** How long either takes. */
  readonly tookMs?: (atMs: number) => number
}

async function prove(forMs: number, { proof = () => true, knock = () => true, tookMs = () => 0 }: Path) {
  const clock = new VirtualClock()
  const asked: string[] = []
  const told: string[] = []
  const ask = (name: string, isThere: (atMs: number) => boolean) => async () => {
    const atMs = clock.now()
    asked.push(`${atMs} ${name}`)
    await new Promise<void>((resolve) => clock.setTimeout(resolve, tookMs(atMs)))
    return isThere(atMs)
  }
  const running = createNodeProof({
    clock: {
      now: () => clock.now(),
      wallMs: () => clock.now(),
      busyMs: () => 0,
      waitedShare: () => 0,
      setTimeout: (run, ms) => clock.setTimeout(run, ms),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    },
    random: { fraction: () => 0.5 },
    isHere: ask('proof', proof),
    knock: ask('knock', knock),
    pingMs: () => 10,
    onFirst: () => told.push(`${clock.now()} first`),
    tell: ({ type }) => told.push(`${clock.now()} ${type}`),
    onBug: (error) => clock.crash(error),
  })
  running.begin(AT)
  await clock.advance(forMs)
  return { asked, told, running, clock }
}

const of = (lines: readonly string[], word: string): readonly number[] =>
  lines.filter((line) => line.endsWith(word)).map((line) => Number(line.split(' ')[0]) / PERIOD)

test('an address is proven in full once a minute, and by a knock every 8 s in between', async () => {
  const { asked, told } = await prove(130_000, {})
  expect([of(asked, 'proof'), of(asked, 'knock')]).toEqual([
    [0, 8, 16],
    [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15],
  ])
  expect([told[0], of(told, 'link.proven').length]).toEqual(['0 first', 17])
})

test('a knock that fails is followed by a proof at once, and by no knock for ten minutes', async () => {
  const { asked, told } = await prove(40_000, { knock: () => false })
  expect([of(asked, 'knock'), asked.filter((line) => line.endsWith('proof')), told.filter((line) => !line.endsWith('proven'))]).toEqual([
    [1],
    ['0 proof', '8250 proof', '16250 proof', '24250 proof', '32250 proof'],
    ['0 first'],
  ])
  const later = await prove(640_000, { knock: (atMs) => atMs > 10_000 })
  expect(of(later.asked, 'knock').slice(0, 2)).toEqual([1, expect.closeTo(76, 0)])
})

test('where a proof fails after a knock the address is given up, and tried on', async () => {
  const { told } = await prove(9_000, { proof: (atMs) => atMs === 0, knock: () => false })
  expect(told).toEqual(['0 first', '0 link.proven', '8250 link.unproven'])
})

test('where knocks go through and a proof does not, the address is given up within that minute', async () => {
  const { told } = await prove(70_000, { proof: (atMs) => atMs === 0 })
  expect(told.at(-1)).toEqual('64250 link.unproven')
})

test('one that is slow is proven in full from then on, and left at the third time', async () => {
  const { asked, told } = await prove(60_000, { tookMs: (atMs) => (atMs >= 20_000 ? 1_500 : 0) })
  expect(asked.map((line) => line.split(' ')[1])).toEqual(['proof', 'knock', 'knock', 'knock', 'proof', 'proof'])
  expect([told.at(-1), Number(told.at(-1)?.split(' ')[0]) <= 50_000]).toEqual([expect.stringContaining('link.closed'), true])
})

test('it is proven in full when it is wanted at once, and never after its end', async () => {
  const { asked, running, clock } = await prove(9_000, {})
  running.again()
  await clock.advance(1)
  running.end()
  await clock.advance(60_000)
  expect([asked, clock.timerCount]).toEqual([['0 proof', '8000 knock', '9000 proof'], 0])
})
