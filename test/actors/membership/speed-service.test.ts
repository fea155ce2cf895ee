import { describe, expect, test } from 'vitest'
import { createSpeedService } from '../../../src/actors/membership/speed-service.ts'
import type { InboundRequest, Reply } from '../../../src/ports.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { inbound } from '../inbound.ts'

const MIB = 1024 * 1024
const TEST = 'test=0123456789abcdef'
/** The slot is taken: whoever asks has it in a second and a half. */
const APPOINTED: Reply = {
  status: 429,
  headers: { 'content-type': 'application/json', 'retry-after': '2' },
  body: '{"error":"another speed test is under way","retryAfterMs":1500}',
}

const refusal = (why: string, retryAfterMs = 1_000): string => JSON.stringify({ error: why, retryAfterMs })
const OVER = refusal('that speed test is not under way')

function start({ closedBy = null as string | null } = {}) {
  const clock = new VirtualClock()
  const spendings: number[] = []
  const service = createSpeedService({
    ...{ clock, isPrivate: true, isTesting: () => false, closedBy: () => closedBy },
    spend: (bytes) => spendings.push(bytes),
  })
  const ask = (path: string, from?: string) => service.answer(inbound({ path, ...(from === undefined ? {} : { from }) }))
  const post = (path: string, drain: InboundRequest['drain']) => service.answer(inbound({ method: 'POST', path, drain }))
  return { clock, service, ask, post, spendings }
}

/** `pieces` of 12,500 bytes, one every `everyMs`. */
const body =
  (clock: VirtualClock, pieces: number, everyMs: number): InboundRequest['drain'] =>
  async (onBytes) => {
    let bytes = 0
    const arrived = (): number => bytes
    for (let i = 0; i < pieces; i++) {
      bytes += 12_500
      if (!onBytes(12_500, arrived)) return (i + 1) * 12_500
      await new Promise<void>((resolve) => clock.setTimeout(resolve, everyMs))
    }
    return pieces * 12_500
  }

const filler = (bytes: number) => ({ type: 'filler', bytes })
test.each<[string, number, unknown]>([
  ['/v2/speed/down', 200, filler(16 * MIB)],
  ['/v2/speed/down?bytes=1000', 200, filler(1_000)],
  ['/v2/speed/down?bytes=999999999', 200, filler(16 * MIB)],
  ['/v2/speed/down?bytes=0', 400, 'bytes must be a whole number above 0\n'],
  ['/v2/speed/down?bytes=-1', 400, 'bytes must be a whole number above 0\n'],
  ['/v2/speed/down?bytes=1.5', 400, 'bytes must be a whole number above 0\n'],
  ['/v2/speed/down?bytes=many', 400, 'bytes must be a whole number above 0\n'],
  ['/50', 200, filler(50_000_000)],
  ['/50?bytes=1', 200, filler(50_000_000)],
  [`/50?${TEST}`, 200, filler(50_000_000)],
  [`/v2/speed/open?${TEST}`, 200, '{}'],
  ['/v2/speed/open', 429, refusal('a speed test has a name of 8 to 64 hex digits')],
  ['/v2/speed/open?test=short', 429, refusal('a speed test has a name of 8 to 64 hex digits')],
  [`/v2/speed/down?${TEST}`, 429, OVER],
])('GET %s is answered %d', async (path, status, expected) => {
  const reply = await start().ask(path)
  expect([reply?.status, reply?.body]).toEqual([status, expected])
})

test('other routes are not its own', async () => {
  const { service, ask } = start()
  for (const path of ['/v2/speed/up', '/', '/v2/speed']) expect(await ask(path)).toEqual(null)
  expect(await service.answer(inbound({ method: 'POST', path: '/50' }))).toEqual(null)
})

describe('a test with a name', () => {
  test('is sent to on all its connections, and answered on all at once when what arrives has settled', async () => {
    const { clock, ask, post } = start()
    for (let i = 0; i < 8; i++) (await ask(`/v2/speed/open?${TEST}`))?.onDone?.(0)
    const downs = await Promise.all([1, 2, 3, 4].map(() => ask(`/v2/speed/down?${TEST}&bytes=1000`)))
    expect(downs.map((reply) => reply?.body)).toEqual(Array(4).fill(filler(1_000)))
    for (const reply of downs) reply?.onDone?.(0)
    const ups = await clock.until(Promise.all([1, 2, 3, 4].map(() => post(`/v2/speed/up?${TEST}&rtt=20`, body(clock, 1_000, 4)))))
    const told = {
      ...{ bytes: 812_500, ms: 64, mbps: 100, lowMbps: 96, highMbps: 104, coverage: 1, confidence: 0.84, settled: true },
      ...{ busyUp: 0, busyDown: 0 },
    }
    expect(ups.map((reply) => JSON.parse(String(reply?.body)))).toEqual(Array(4).fill(told))
  })

  test('keeps others away until its last answer has gone out', async () => {
    const { clock, ask, post } = start()
    ;(await ask(`/v2/speed/open?${TEST}`))?.onDone?.(0)
    const other = ['/50', '/v2/speed/open?test=fedcba9876543210'].map((path) => ask(path, '192.0.2.51'))
    expect(await Promise.all(other)).toEqual([APPOINTED, APPOINTED])
    const reply = await clock.until(post(`/v2/speed/up?${TEST}`, body(clock, 1_000, 4)))
    expect((await ask('/50', '192.0.2.51'))?.status).toEqual(429)
    reply?.onDone?.(0)
    expect((await ask('/50', '192.0.2.51'))?.status).toEqual(200)
  })

  test('is for whoever opened it', async () => {
    const { ask } = start()
    await ask(`/v2/speed/open?${TEST}`)
    expect((await ask(`/v2/speed/down?${TEST}`, '192.0.2.51'))?.body).toEqual(OVER)
  })

  test('is over when nothing of it is under way for two seconds', async () => {
    const { clock, ask } = start()
    ;(await ask(`/v2/speed/open?${TEST}`))?.onDone?.(0)
    await clock.advance(1_999)
    expect(await ask('/50', '192.0.2.51')).toEqual(APPOINTED)
    await clock.advance(1)
    expect((await ask('/50', '192.0.2.51'))?.status).toEqual(200)
    expect((await ask(`/v2/speed/down?${TEST}`))?.body).toEqual(OVER)
  })

  test.each([
    ['/v2/speed/down', 4],
    ['/v2/speed/open', 15],
  ])('is answered no more than its streams: %s', async (path, most) => {
    const { ask } = start()
    ;(await ask(`/v2/speed/open?${TEST}`))?.onDone?.(0)
    const replies = await Promise.all(Array.from({ length: most + 1 }, () => ask(`${path}?${TEST}`)))
    expect(replies.map((reply) => reply?.status)).toEqual([...Array(most).fill(200), 429])
    expect(replies.at(-1)?.body).toEqual(refusal('that speed test has had all its streams'))
  })

  test('takes no more uploads than its streams', async () => {
    const { clock, ask, post } = start()
    ;(await ask(`/v2/speed/open?${TEST}`))?.onDone?.(0)
    const replies = Promise.all(Array.from({ length: 5 }, () => post(`/v2/speed/up?${TEST}`, body(clock, 1_000, 4))))
    expect((await clock.until(replies)).map((reply) => reply?.status)).toEqual([200, 200, 200, 200, 429])
  })

  test('is broken off after ten seconds, whatever is under way', async () => {
    const { clock, ask } = start()
    ;(await ask(`/v2/speed/open?${TEST}`))?.onDone?.(0)
    const reply = await ask(`/v2/speed/down?${TEST}`)
    await clock.advance(9_999)
    expect(reply?.signal?.aborted).toEqual(false)
    await clock.advance(1)
    expect(reply?.signal?.aborted).toEqual(true)
  })

  test('of which little arrives is answered after 3.8 s, with what is known then', async () => {
    const { clock, ask, post } = start()
    ;(await ask(`/v2/speed/open?${TEST}`))?.onDone?.(0)
    const reply = await clock.until(post(`/v2/speed/up?${TEST}`, body(clock, 1_000, 1_200)))
    const { bytes, settled } = JSON.parse(String(reply?.body))
    expect([clock.now(), bytes, settled]).toEqual([3_800, 50_000, false])
  })
})

describe('without a name', () => {
  test('an upload is timed to its end', async () => {
    const { clock, post } = start()
    const reply = await clock.until(post('/v2/speed/up', body(clock, 100, 4)))
    expect([reply?.status, JSON.parse(String(reply?.body))]).toEqual([
      200,
      {
        ...{ bytes: 1_250_000, ms: 396, mbps: 25, lowMbps: 24, highMbps: 26, coverage: 1, confidence: 0.84, settled: true },
        ...{ busyUp: 0, busyDown: null },
      },
    ])
  })

  test('an upload that never ends is cut off by size and by time', async () => {
    const { clock, post } = start()
    let pieces = 0
    const flood: InboundRequest['drain'] = async (onBytes) => {
      while (pieces++ < 1_000 && onBytes(MIB, () => pieces * MIB));
      return pieces * MIB
    }
    await clock.until(post('/v2/speed/up', flood))
    expect(pieces).toEqual(65)
    await clock.until(post('/v2/speed/up', body(clock, 1_000, 500)))
    expect(clock.now()).toEqual(3_800)
  })

  test('an upload of which nothing comes is answered, and the next is served', async () => {
    const { clock, ask, post } = start()
    const reply = await clock.until(post('/v2/speed/up', () => new Promise<number>(() => {})))
    expect([clock.now(), JSON.parse(String(reply?.body)).bytes]).toEqual([3_800, 0])
    expect((await ask('/50', '192.0.2.51'))?.status).toEqual(200)
  })

  test('whoever asks for bytes and reads none is ended, and the next is served', async () => {
    const { clock, ask } = start()
    const reply = await ask('/v2/speed/down')
    await clock.advance(5_999)
    expect([reply?.signal?.aborted, await ask('/50', '192.0.2.51')]).toEqual([false, APPOINTED])
    await clock.advance(1)
    expect([reply?.signal?.aborted, (await ask('/50', '192.0.2.51'))?.status]).toEqual([true, 200])
  })
})

describe('a test that no person asked for', () => {
  test('is refused for five minutes by a node that carries traffic, or has done enough of them, and is told which', async () => {
    const { ask } = start({ closedBy: 'this node carries traffic' })
    const refused = await ask(`/v2/speed/open?${TEST}&auto=1`)
    expect([refused?.status, refused?.headers?.['retry-after'], refused?.body]).toEqual([
      429,
      '300',
      refusal('this node carries traffic', 300_000),
    ])
    expect((await ask(`/v2/speed/open?${TEST}`))?.status).toEqual(200)
  })

  test.each([
    ['is counted by what was sent of it, and what came', '&auto=1', [70_000, 8 * 12_500]],
    ['and no other one is', '', []],
  ])('%s', async (_, auto, expected) => {
    const { clock, ask, post, spendings } = start()
    ;(await ask(`/v2/speed/open?${TEST}${auto}`))?.onDone?.(200)
    ;(await ask(`/v2/speed/down?${TEST}`))?.onDone?.(70_000)
    const answered = await clock.until(post(`/v2/speed/up?${TEST}`, body(clock, 8, 10)))
    answered?.onDone?.(300)
    await clock.advance(10_000)
    expect(spendings).toEqual(expected)
  })

  test('is counted too where it is broken off', async () => {
    const { clock, ask, spendings } = start()
    ;(await ask(`/v2/speed/open?${TEST}&auto=1`))?.onDone?.(0)
    const reply = await ask(`/v2/speed/down?${TEST}`)
    await clock.advance(10_000)
    reply?.onDone?.(5_000_000)
    expect([reply?.signal?.aborted, spendings]).toEqual([true, [5_000_000]])
  })
})
