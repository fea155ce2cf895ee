import { expect, test } from 'vitest'
import { Keepalive, type Sending } from '../../../src/frp/mux/mux-keepalive.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'

const idle: Sending = { waiting: false, tookAt: Number.NEGATIVE_INFINITY }
const stuck: Sending = { ...idle, waiting: true }
const took = (tookAt: number): Sending => ({ ...idle, tookAt })

/**
 * When a session that hears nothing from the start is given up: a ping each 2 s, 2.5 s
 * of patience. `bytes`: how its own get away, from when on.
 */
function givenUpAt(bytes: readonly (readonly [fromMs: number, Sending])[]): readonly [number, string] | null {
  const clock = new VirtualClock()
  let end: readonly [number, string] | null = null
  const keepalive = new Keepalive({
    clock,
    keepaliveMs: 2_000,
    silenceMs: 2_500,
    onlyQuiet: false,
    sending: () => bytes.findLast(([fromMs]) => fromMs <= clock.now())?.[1] ?? idle,
    ping: () => {},
    dead: (why) => {
      end = [clock.now(), why]
    },
  })
  keepalive.start()
  for (let ms = 0; ms < 60_000; ms += 100) clock.pass(100)
  if (end !== null) expect(clock.timerCount).toEqual(0)
  return end
}

test.each([0, 300, 1_900, 2_100, 3_900, 4_100, 5_500])(
  'an end that falls silent %i ms after it began is given up within 4.5 s',
  (silentAtMs) => {
    const clock = new VirtualClock()
    let endMs: number | null = null
    const keepalive = new Keepalive({
      clock,
      keepaliveMs: 2_000,
      silenceMs: 2_500,
      onlyQuiet: false,
      sending: () => idle,
      ping: () => {
        if (clock.now() <= silentAtMs) clock.setTimeout(() => keepalive.heard(), 50)
      },
      dead: () => {
        endMs = clock.now()
      },
    })
    keepalive.start()
    for (let ms = 0; ms < 20_000; ms += 50) clock.pass(50)
    expect(endMs === null ? null : endMs - silentAtMs <= 4_500).toEqual(true)
  },
)

test.each([
  [2_000, []],
  [2_500, [2_250, 4_750, 7_250]],
])('an end that asks only the quiet does not ask who is heard every %i ms, but notices its silence as soon', (everyMs, asked) => {
  const clock = new VirtualClock()
  const pings: number[] = []
  let endMs = 0
  const keepalive = new Keepalive({
    clock,
    keepaliveMs: 2_250,
    silenceMs: 2_500,
    onlyQuiet: true,
    sending: () => idle,
    ping: () => pings.push(clock.now()),
    dead: () => {
      endMs = clock.now()
    },
  })
  keepalive.start()
  for (let ms = everyMs; ms <= 8_000; ms += everyMs) clock.setTimeout(() => keepalive.heard(), ms)
  for (let ms = 0; ms < 20_000; ms += 50) clock.pass(50)
  const heardMs = 8_000 - (8_000 % everyMs)
  expect([pings.filter((ms) => ms < heardMs), endMs - heardMs]).toEqual([asked, 4_750])
})

test.each<[string, readonly (readonly [number, Sending])[], readonly [number, string] | null]>([
  ['nothing of ours waits', [], [4_500, 'silent for 4500 ms']],
  ['ours waits for ever', [[0, stuck]], [12_000, 'silent for 12000 ms']],
  ['ours waits now and then', [[0, took(1_000)]], [12_000, 'silent for 12000 ms']],
  ['ours was taken after the ping', [[4_000, took(3_900)]], [13_900, 'silent for 13900 ms']],
  ['ours is taken again and again', Array.from({ length: 70 }, (_, second) => [second * 1_000, took(second * 1_000)] as const), null],
  [
    'ours was taken again and again, and no more',
    [
      [4_000, took(4_000)],
      [8_000, took(8_000)],
    ],
    [18_000, 'silent for 18000 ms'],
  ],
])('%s: the other end is given up at', (_, bytes, expected) => expect(givenUpAt(bytes)).toEqual(expected))
