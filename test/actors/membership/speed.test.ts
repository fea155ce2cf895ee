import { expect, test } from 'vitest'
import { createSpeed, type KnownSpeed } from '../../../src/actors/membership/speed.ts'
import type { Failure, Http, PeerAnswer, PeerRequest } from '../../../src/ports.ts'
import { fixedChance } from '../../sim/fixed-chance.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { inbound } from '../inbound.ts'

const AT = '192.0.2.1:8088'
const SELF = '192.0.2.9:8088'

const answer = (status: number, body = '{}', answerMs = 20): PeerAnswer => ({
  ...{ type: 'answer', by: null, status, headers: {} },
  body: Buffer.from(body),
  timing: { connectMs: null, answerMs },
})
const up = (mbps: number, over: object = {}): PeerAnswer =>
  answer(
    200,
    JSON.stringify({
      ...{ bytes: 400_000, ms: 80, mbps, lowMbps: mbps - 1, highMbps: mbps + 1, coverage: 0.9, confidence: 0.84, settled: true },
      ...{ busyDown: 0.2, busyUp: 0.3, ...over },
    }),
  )
const failure: Failure = { type: 'failed', reason: 'reset', text: 'connection reset' }
const BUSY = { type: 'busy', retryAfterMs: 1_000 }
const aborted = ({ signal }: PeerRequest): Promise<Failure> =>
  new Promise((resolve) =>
    signal?.addEventListener('abort', () => resolve({ type: 'failed', reason: 'aborted', text: 'it was called off' })),
  )

type Reply = (request: PeerRequest, clock: VirtualClock) => Promise<PeerAnswer | Failure>
interface Peer {
  readonly open?: Reply
  readonly down?: Reply
  readonly up?: Reply
}

/** Each of four streams gets 12,500 bytes every `everyMs`: in all 400 / `everyMs` Mbit/s. */
const sends =
  (everyMs: number): Reply =>
  async ({ onBytes, signal }, clock) => {
    let bytes = 0
    const arrived = (): number => bytes
    while (signal?.aborted !== true) {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, everyMs))
      bytes += 12_500
      if (signal?.aborted || onBytes?.(12_500, arrived) === false) break
    }
    return answer(200)
  }
const accepts =
  (...answers: readonly PeerAnswer[]): Reply =>
  async (request, clock) => {
    let isOver = false
    const over = (): void => {
      if (!isOver) request.onSent?.(100_000)
      isOver = true
    }
    request.signal?.addEventListener('abort', over)
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 80))
    over()
    return answers.at(asked(request) % answers.length) ?? aborted(request)
  }
/** Uploads asked so far, four to a test. */
let uploads = 0
const asked = (_: PeerRequest): number => Math.floor(uploads++ / 4)

function start({ open = async () => answer(200), down = sends(4), up: takes = accepts(up(40)) }: Peer = {}) {
  uploads = 0
  const clock = new VirtualClock()
  const paths: string[] = []
  const lots = new Set<object | undefined>()
  const spent: number[] = []
  const http: Pick<Http, 'request'> = {
    request: (address, request) => {
      const size = request.body instanceof Uint8Array ? request.body.length : (request.body?.bytes ?? 0)
      paths.push(`${request.method} ${address}${request.path}${size > 0 ? ` ${size}` : ''}`)
      lots.add(request.apart)
      return (request.path.startsWith('/v2/speed/open') ? open : request.method === 'GET' ? down : takes)(request, clock)
    },
  }
  const speed = createSpeed({
    ...{ clock, random: fixedChance(0.5), http, ownAddresses: () => [SELF, null], isPrivate: true },
    closedBy: () => null,
    spend: (bytes) => spent.push(bytes),
  })
  const run = (known?: KnownSpeed, by?: 'person' | 'schedule') => clock.until(speed.test(AT, 'channel', known, by))
  return { clock, speed, run, paths, lots, spent }
}

test('a test opens eight connections, and uses four of them each way until the rate is known', async () => {
  const { run, paths, lots } = start()
  expect(await run()).toEqual({
    ...{ type: 'speed', downMbps: 100, upMbps: 40, downBytes: 812_500, upBytes: 400_000, downMs: 68, upMs: 80, confidence: 0.84 },
    down: { mbps: 100, lowMbps: 96, highMbps: 104, coverage: 1, confidence: 0.84, settled: true, limitedBy: 'path' },
    up: { mbps: 40, lowMbps: 39, highMbps: 41, coverage: 0.9, confidence: 0.84, settled: true, limitedBy: 'path' },
  })
  const name = /test=([0-9a-f]{16})$/.exec(paths[0] ?? '')?.[1]
  expect(paths).toEqual([
    ...Array<string>(8).fill(`GET ${AT}/v2/speed/open?test=${name}`),
    ...Array<string>(4).fill(`GET ${AT}/v2/speed/down?test=${name}&bytes=16777216`),
    ...Array<string>(4).fill(`POST ${AT}/v2/speed/up?test=${name}&rtt=20.000 16777216`),
  ])
  expect([lots.size, lots.has(undefined)]).toEqual([2, false])
})

test('a download that never settles ends after 3.8 s, each of two', async () => {
  let piece = 0
  const swings: Reply = async ({ onBytes, signal }, clock) => {
    let total = 0
    const arrived = (): number => total
    while (signal?.aborted !== true) {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 100))
      const bytes = 1_000 * 3 ** (piece++ % 7)
      total += bytes
      if (onBytes?.(bytes, arrived) === false) break
    }
    return answer(200)
  }
  const result = await start({ down: swings }).run()
  expect(result.type === 'speed' && [result.downMs, result.down.settled]).toEqual([2 * 3_800, false])
})

test('a processor that has no time left is the limit, at whichever end it is', async () => {
  const result = await start({ up: accepts(up(40, { busyDown: 0.95, busyUp: 0.1 })) }).run()
  expect(result.type === 'speed' && [result.down.limitedBy, result.up.limitedBy]).toEqual(['processor', 'path'])
})

test.each<[string, Peer, unknown]>([
  ['busy at the beginning', { open: async () => answer(429) }, BUSY],
  ['busy before the download', { down: async () => answer(429) }, BUSY],
  ['busy before the upload', { up: async () => answer(429) }, BUSY],
  ['a reset', { open: async () => failure }, failure],
  ['a reset in the download', { down: async () => failure }, failure],
  ['a reset in the upload', { up: async () => failure }, failure],
  ['no such route', { open: async () => answer(404) }, { ...failure, reason: 'protocol', text: 'it answered 404 to a speed test' }],
  ['no bytes at all', { down: async () => answer(200) }, { ...failure, reason: 'protocol', text: 'it sent nothing in a speed test' }],
  [
    'an upload answered with garbage',
    { up: async () => answer(200) },
    { ...failure, reason: 'protocol', text: 'it answered nonsense to a speed test' },
  ],
])('%s ends the test, and the next may begin', async (_, peer, expected) => {
  const { run } = start(peer)
  expect([await run(), await run()]).toEqual([expected, expected])
})

test('what is far from what was known is measured once more, and believed where it comes again', async () => {
  const { run, paths } = start({ up: accepts(up(40), up(42)) })
  const result = await run({ downMbps: 90, upMbps: 80 })
  expect(result.type === 'speed' && [result.upMbps, result.downMbps, result.upBytes, result.upMs, paths.length]).toEqual([
    42, 100, 800_000, 160, 32,
  ])
})

test('what never settled is measured once more before it is told, and the one that settled is', async () => {
  const { run, paths } = start({ up: accepts(up(25, { settled: false, confidence: 0.3 }), up(40)) })
  const result = await run()
  expect(result.type === 'speed' && [result.up.mbps, result.up.settled, result.upBytes, paths.length]).toEqual([40, true, 800_000, 32])
})

test('within this machine what never settled is told at once', async () => {
  const { clock, speed, paths } = start({ up: accepts(up(25, { settled: false, confidence: 0.3 }), up(40)) })
  const result = await clock.until(speed.test('127.0.0.1:8088', 'channel'))
  expect(result.type === 'speed' && [result.up.mbps, result.up.settled, result.upBytes, paths.length]).toEqual([25, false, 400_000, 16])
})

test('what is near what was known is not', async () => {
  const { run, paths } = start()
  await run({ downMbps: 90, upMbps: 45 })
  expect(paths.length).toEqual(16)
})

test('where the second look is refused the first stands', async () => {
  let opened = 0
  const { run } = start({ open: async () => answer(opened++ < 8 ? 200 : 429) })
  const result = await run({ downMbps: 10, upMbps: 40 })
  expect(result.type === 'speed' && result.downMbps).toEqual(100)
})

test('one test at a time: a second is refused, and others are too while it runs', async () => {
  const { speed } = start({ open: () => new Promise(() => {}) })
  void speed.test(AT, 'channel')
  expect(await speed.test('192.0.2.2:1', 'channel')).toEqual(BUSY)
  for (const path of ['/v2/speed/open?test=0123456789abcdef', '/v2/speed/down', '/50'])
    expect((await speed.answer(inbound({ path })))?.status).toEqual(429)
})

test('a node may test itself', async () => {
  const { speed } = start({ open: () => new Promise(() => {}) })
  void speed.test(SELF, 'channel')
  expect((await speed.answer(inbound({ path: '/v2/speed/open?test=0123456789abcdef' })))?.status).toEqual(200)
})

test('whoever serves one tests nobody until the answer has gone out', async () => {
  const { speed, run } = start()
  const reply = await speed.answer(inbound({ path: '/v2/speed/down' }))
  expect(await run(undefined, 'schedule')).toEqual(BUSY)
  reply?.onDone?.(0)
  expect((await run(undefined, 'schedule')).type).toEqual('speed')
})

test('but for a person a stranger makes room', async () => {
  const { speed, run } = start()
  const reply = await speed.answer(inbound({ path: '/v2/speed/down' }))
  expect([(await run()).type, reply?.signal?.aborted]).toEqual(['speed', true])
})

test.each<[string, PeerAnswer, number]>([
  ['in its own words', { ...answer(429), body: Buffer.from('{"retryAfterMs":2345}'), headers: { 'retry-after': '3' } }, 2_345],
  ['in those of HTTP', { ...answer(429), headers: { 'retry-after': '7' } }, 7_000],
  ['in none', answer(429), 1_000],
  ['in no time', { ...answer(429), body: Buffer.from('{"retryAfterMs":1e-9}') }, 100],
  ['that is none', { ...answer(429), body: Buffer.from('{"retryAfterMs":-1}') }, 1_000],
  ['in a year', { ...answer(429), body: Buffer.from('{"retryAfterMs":31536000000}') }, 3_600_000],
])('who is busy gives an appointment, %s', async (_, refusal, retryAfterMs) =>
  expect(await start({ open: async () => refusal }).run()).toEqual({ type: 'busy', retryAfterMs }),
)

test('a test by the schedule says so', async () => {
  const { run, paths } = start()
  await run(undefined, 'schedule')
  expect(paths[0]).toMatch(/&auto=1$/)
})

test('what an automatic test moved is spent by its own count, whatever the other end says', async () => {
  const of = async (takes: Reply, by?: 'schedule'): Promise<readonly [string, readonly number[]]> => {
    const { run, spent } = start({ up: takes })
    return [(await run(undefined, by)).type, spent]
  }
  expect([
    await of(accepts(up(40))),
    await of(accepts(up(40)), 'schedule'),
    await of(async () => answer(429), 'schedule'),
    await of(async () => failure, 'schedule'),
    await of(accepts(up(40, { bytes: 1e300 })), 'schedule'),
    await of(accepts(up(1e300)), 'schedule'),
  ]).toEqual([
    ['speed', []],
    ['speed', [812_500, 400_000]],
    ['busy', [812_500, 0]],
    ['failed', [812_500, 0]],
    ['failed', [812_500, 400_000]],
    ['failed', [812_500, 400_000]],
  ])
})

/** It sends on and on, whatever was asked for. */
const floods: Reply = async ({ onBytes, signal }, clock) => {
  for (let bytes = 0; signal?.aborted !== true; ) {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 40 * (1 + (bytes % 3))))
    bytes += 16_000_001
    const arrived = bytes
    if (onBytes?.(16_000_001, () => arrived) === false) break
  }
  return answer(200)
}

test('a download that brings more than was asked for is ended, each of two', async () => {
  const result = await start({ down: floods }).run()
  expect(result.type === 'speed' && result.downBytes).toEqual(2 * 5 * 16_000_001)
})

test('what one connection keeps up is its mean once slow start is over', async () => {
  let requests = 0
  /** 5 Mbit/s for 400 ms, then 50; a request is over after its 16 MiB. */
  const slowStart: Reply = async ({ onBytes, signal }, clock) => {
    requests++
    let bytes = 0
    const arrived = (): number => bytes
    while (signal?.aborted !== true) {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 2))
      const count = clock.now() < 400 ? 1_250 : 12_500
      bytes += count
      if (onBytes?.(count, arrived) === false) break
    }
    return answer(200)
  }
  const { speed, clock, paths, spent } = start({ down: slowStart, open: async () => answer(200, '{}', 40) })
  expect(await clock.until(speed.sustain(AT, 'channel'))).toEqual({ type: 'sustained', mbps: 50, bytes: 10_273_750, ms: 2_000 })
  const name = /test=([0-9a-f]{16})/.exec(paths[0] ?? '')?.[1]
  expect([paths, requests, spent]).toEqual([
    [`GET ${AT}/v2/speed/open?test=${name}&auto=1`, `GET ${AT}/v2/speed/down?test=${name}&bytes=16777216`],
    1,
    [10_273_750],
  ])
})

test('one connection that brings more than was asked for is ended', async () => {
  const { speed, clock, paths } = start({ down: floods })
  const result = await clock.until(speed.sustain(AT, 'channel'))
  expect([result.type === 'sustained' && result.bytes, paths.length]).toEqual([5 * 16_000_001, 2])
})

test('one connection of which the other end sends all it may is known by that', async () => {
  const whole: Reply = async ({ onBytes }, clock) => {
    let bytes = 0
    const arrived = (): number => bytes
    for (let i = 0; i < 4; i++) {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 10))
      bytes += 125_000
      onBytes?.(125_000, arrived)
    }
    return answer(200)
  }
  const { speed, clock, paths } = start({ down: whole })
  expect(await clock.until(speed.sustain(AT, 'channel'))).toEqual({ type: 'sustained', mbps: 100, bytes: 2_000_000, ms: 150 })
  expect(paths.length).toEqual(5)
})

test.each<[string, Peer, unknown]>([
  ['a refusal is told as it is', { open: async () => answer(429, '{"retryAfterMs":700}') }, { type: 'busy', retryAfterMs: 700 }],
  ['a failure of the connection too', { open: async () => failure }, failure],
  ['and of the transfer', { down: async () => failure }, failure],
  [
    'nothing has no rate',
    { down: async () => answer(200) },
    { type: 'failed', reason: 'protocol', text: 'it sent nothing in a speed test' },
  ],
])('one connection: %s', async (_, peer, expected) => {
  const { speed, clock } = start(peer)
  expect(await clock.until(speed.sustain(AT, 'channel'))).toEqual(expected)
})
