import { expect, test } from 'vitest'
import { createSpeed } from '../../../src/actors/membership/speed.ts'
import type { Failure, Http, PeerAnswer, PeerRequest, Reply } from '../../../src/ports.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { inbound } from '../inbound.ts'

const AT = '192.0.2.1:8088'
const SELF = '192.0.2.9:8088'
const MIB = 1024 * 1024
const BUSY: Reply = { status: 429, headers: { 'retry-after': '1' }, body: '{"error":"another speed test is under way"}' }

const answer = (status: number, body = ''): PeerAnswer => ({
  type: 'answer',
  by: null,
  status,
  headers: {},
  body: Buffer.from(body),
  timing: { connectMs: null, answerMs: 1 },
})
const upAnswer = (bytes: number, ms: number, mbps: number) => answer(200, JSON.stringify({ bytes, ms, mbps, confidence: 0.876 }))
const failure: Failure = { type: 'failed', reason: 'reset', text: 'connection reset' }

/** A node whose requests are answered by `reply`. */
function start(reply: (request: PeerRequest, clock: VirtualClock) => Promise<PeerAnswer | Failure>) {
  const clock = new VirtualClock()
  const asked: string[] = []
  const http: Pick<Http, 'request'> = {
    request: (address, request) => {
      const sent = request.body instanceof Uint8Array ? request.body.length : (request.body?.bytes ?? 0)
      asked.push(`${request.method} ${address}${request.path}${sent > 0 ? ` ${sent}` : ''}`)
      return reply(request, clock)
    },
  }
  const speed = createSpeed({
    clock,
    http,
    ownAddresses: () => [SELF, null],
    isPrivate: true,
  })
  return { clock, speed, asked }
}

/** Sends the download in pieces of 64 KiB, one every `everyMs`, until told to end. */
async function download({ onBytes }: PeerRequest, clock: VirtualClock, everyMs: number, most = 16 * MIB): Promise<PeerAnswer> {
  for (let sent = 0; sent < most; sent += 65_536) {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, everyMs))
    if (onBytes?.(65_536) === false) break
  }
  return answer(200)
}

test('a test is a download that ends once it is steady, a trial upload and a timed one', async () => {
  const { clock, speed, asked } = start(async (request, at) =>
    request.method === 'GET' ? download(request, at, 10) : upAnswer(256 * 1024, 50, 40),
  )
  expect(await clock.until(speed.test(AT, 'channel'))).toEqual({
    type: 'speed',
    downMbps: 52.429,
    upMbps: 40,
    downBytes: 24 * 65_536,
    upBytes: 512 * 1024,
    downMs: 240,
    upMs: 50,
    confidence: 0.88,
  })
  expect(asked).toEqual([`GET ${AT}/v2/speed/down?bytes=16777216`, `POST ${AT}/v2/speed/up 262144`, `POST ${AT}/v2/speed/up 2097152`])
})

test('a download that never gets steady ends after 2 s', async () => {
  const { clock, speed } = start(async (request, at) =>
    request.method === 'GET' ? download(request, at, 700) : upAnswer(256 * 1024, 50, 40),
  )
  const result = await clock.until(speed.test(AT, 'channel'))
  expect(result.type === 'speed' && [result.downMs, result.downBytes]).toEqual([2_100, 3 * 65_536])
})

test.each([
  ['a trial that took no time', upAnswer(256 * 1024, 0, 1_000), 16 * MIB],
  ['a fast trial', upAnswer(256 * 1024, 1, 2_000), 16 * MIB],
  ['a slow trial', upAnswer(256 * 1024, 4_000, 0.5), 256 * 1024],
  ['a trial that claims nothing arrived', upAnswer(0, 10, 0), 256 * 1024],
])('after %s the upload stays within its budget', async (_, trial, expected) => {
  const { clock, speed, asked } = start(async (request, at) => (request.method === 'GET' ? download(request, at, 10) : trial))
  await clock.until(speed.test(AT, 'channel'))
  expect(asked.at(-1)).toEqual(`POST ${AT}/v2/speed/up ${expected}`)
})

const REFUSED = { type: 'busy', retryAfterMs: 1_000 }
const protocol = (status: number) => ({ type: 'failed', reason: 'protocol', text: `it answered ${status} to a speed test` })

test.each<[string, readonly (PeerAnswer | Failure | 'down')[], unknown]>([
  ['busy before the download', [answer(429)], REFUSED],
  ['busy before the trial', ['down', answer(429)], REFUSED],
  ['busy before the upload', ['down', upAnswer(1, 1, 1), answer(429)], REFUSED],
  ['a reset', [failure], failure],
  ['a reset in the upload', ['down', failure], failure],
  ['no such route', [answer(404)], protocol(404)],
  ['no bytes at all', [answer(200)], protocol(200)],
  ['an upload answered with garbage', ['down', answer(200, '{}')], protocol(200)],
])('%s ends the test, and the next may begin', async (_, replies, expected) => {
  let i = 0
  const { clock, speed } = start(async (request, at) => {
    const reply = replies[i++] ?? failure
    return reply === 'down' ? download(request, at, 10) : reply
  })
  expect(await clock.until(speed.test(AT, 'channel'))).toEqual(expected)
  expect(await clock.until(speed.test(AT, 'channel'))).toEqual(failure)
})

test('one test at a time: a second is refused, and others are too while it runs', async () => {
  const { speed } = start(() => new Promise(() => {}))
  void speed.test(AT, 'channel')
  expect(await speed.test('192.0.2.2:1', 'channel')).toEqual(REFUSED)
  expect(await speed.answer(inbound({ path: '/v2/speed/down' }))).toEqual(BUSY)
  expect(await speed.answer(inbound({ method: 'POST', path: '/v2/speed/up' }))).toEqual(BUSY)
  expect(await speed.answer(inbound({ path: '/50' }))).toEqual(BUSY)
})

test('a node may test itself', async () => {
  const { speed } = start(() => new Promise(() => {}))
  void speed.test(SELF, 'channel')
  expect((await speed.answer(inbound({ path: '/v2/speed/down' })))?.status).toEqual(200)
})

test('whoever serves one tests nobody and serves no other, until the answer has gone out', async () => {
  const { speed } = start(async () => failure)
  const reply = await speed.answer(inbound({ path: '/v2/speed/down' }))
  expect([await speed.test(AT, 'channel'), await speed.answer(inbound({ path: '/50' }))]).toEqual([REFUSED, BUSY])
  reply?.onDone?.()
  expect(await speed.test(AT, 'channel')).toEqual(failure)
})

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
])('GET %s is answered %d', async (path, status, body) => {
  const { speed } = start(async () => failure)
  const reply = await speed.answer(inbound({ path }))
  expect([reply?.status, reply?.body]).toEqual([status, body])
})

test('other routes are not its own', async () => {
  const { speed } = start(async () => failure)
  for (const request of [inbound({ path: '/v2/speed/up' }), inbound({ path: '/' }), inbound({ method: 'POST', path: '/50' })])
    expect(await speed.answer(request)).toEqual(null)
})

test('an upload is timed where it arrives', async () => {
  const { clock, speed } = start(async () => failure)
  const drain = async (onBytes: (bytes: number) => boolean) => {
    for (let i = 0; i <= 16; i++) {
      onBytes(65_536)
      if (i < 16) await new Promise<void>((resolve) => clock.setTimeout(resolve, 10))
    }
    return 17 * 65_536
  }
  const reply = await clock.until(speed.answer(inbound({ method: 'POST', path: '/v2/speed/up', drain })))
  expect(reply).toEqual({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ bytes: 17 * 65_536, ms: 160, mbps: 52.429, confidence: 1 }),
  })
})

test('an upload that never ends is cut off by size and by time', async () => {
  const told: number[] = []
  const { clock, speed } = start(async () => failure)
  const flood = async (onBytes: (bytes: number) => boolean) => {
    let pieces = 1
    while (pieces < 1_000 && onBytes(MIB)) pieces++
    told.push(pieces)
    return pieces * MIB
  }
  const trickle = async (onBytes: (bytes: number) => boolean) => {
    let pieces = 1
    while (pieces < 1_000 && onBytes(1)) {
      pieces++
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 500))
    }
    told.push(pieces)
    return pieces
  }
  for (const drain of [flood, trickle]) await clock.until(speed.answer(inbound({ method: 'POST', path: '/v2/speed/up', drain })))
  await clock.advance(500)
  expect(told).toEqual([17, 13])
})

test('whoever asks for bytes and reads none is ended, and the next is served', async () => {
  const { clock, speed } = start(async () => failure)
  const reply = await speed.answer(inbound({ path: '/v2/speed/down' }))
  const whole = () => speed.answer(inbound({ path: '/50', from: '192.0.2.51' }))
  await clock.advance(5_999)
  expect([reply?.signal?.aborted, await whole()]).toEqual([false, BUSY])
  await clock.advance(1)
  expect([reply?.signal?.aborted, (await whole())?.status]).toEqual([true, 200])
})

test('an upload of which nothing comes is answered, and the next is served', async () => {
  const { clock, speed } = start(async () => failure)
  const drain = () => new Promise<number>(() => {})
  const reply = await clock.until(speed.answer(inbound({ method: 'POST', path: '/v2/speed/up', drain })))
  expect([clock.now(), reply?.body]).toEqual([6_000, '{"bytes":0,"ms":0,"mbps":0,"confidence":0}'])
  expect((await speed.answer(inbound({ path: '/50', from: '192.0.2.51' })))?.status).toEqual(200)
})
