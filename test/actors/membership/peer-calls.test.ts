import { describe, expect, test } from 'vitest'
import { createPeerCalls } from '../../../src/actors/membership/peer-calls.ts'
import { endable } from '../../../src/actors/membership/peer-requests.ts'
import type { Closeness } from '../../../src/domain/closeness.ts'
import { UNPLACED } from '../../../src/domain/coordinates.ts'
import { punctual, timedSeries } from '../../../src/io/network/timed-series.ts'
import type { Failure, Lane, PeerAnswer, PeerRequest } from '../../../src/ports.ts'
import { echoBytes } from '../../../src/v2/echo.ts'
import { seal } from '../../../src/v2/envelope.ts'
import { LOOK_HEADERS, lookText } from '../../../src/v2/look.ts'
import { SeededRandom } from '../../sim/chance.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { newIdentity } from '../../v2/identities.ts'

const AT = '192.0.2.1:8088'
const me = newIdentity()
const ash = newIdentity()
const elm = newIdentity()
const RESET: Failure = { type: 'failed', reason: 'reset', text: 'connection reset' }
const REFUSED: Failure = { type: 'failed', reason: 'refused', text: 'connection refused' }

const answer = (
  body: string,
  { status = 200, answerMs = 1, connectMs = null as number | null, by = ash.id as string | null } = {},
): PeerAnswer => ({
  type: 'answer',
  by,
  status,
  headers: {},
  body: Buffer.from(body),
  timing: { connectMs, answerMs },
})

/** A peer that gives these answers one after another, each after its own time. */
function start(reply: (request: PeerRequest, count: number) => PeerAnswer | Failure) {
  const clock = new VirtualClock()
  const asked: PeerRequest[] = []
  const calls = createPeerCalls({
    clock,
    random: new SeededRandom(1),
    identity: me,
    http: {
      request: async (_, request) => {
        const ask = async (timeoutMs: number): Promise<PeerAnswer | Failure> => {
          asked.push({ ...request, timeoutMs })
          const given = reply(request, asked.length)
          if (given.type === 'answer') await new Promise<void>((resolve) => clock.setTimeout(resolve, given.timing.answerMs))
          return given
        }
        const { timed, timeoutMs } = request
        if (timed === undefined) return ask(timeoutMs)
        return timedSeries({ timed, timeoutMs }, { now: () => clock.now(), ask: async (leftMs) => punctual(await ask(leftMs)) })
      },
    },
  })
  return { clock, calls, asked }
}

const P2PRC = { Hostname: 'x', Platform: 'linux', CPU: '', RAM: 0, Disk: 0 }
const INFO = JSON.stringify({ ...P2PRC, Moonwalk: { id: ash.id, run: 'r' } })

describe('a ping', () => {
  const ping = async (times: readonly (number | Failure)[], body = INFO, lane: Lane = 'channel', closeness: Closeness = 'burst') => {
    const { clock, calls, asked } = start((_, count) => {
      const one = times[count - 1] ?? RESET
      return typeof one === 'number'
        ? answer(body, { answerMs: one, connectMs: count === 1 ? 7 : null, by: lane === 'channel' ? ash.id : null })
        : one
    })
    return { pinged: await clock.until(calls.ping(AT, lane, closeness)), asked }
  }

  test('warms the connection by a first request, and is the best of three more', async () => {
    const { pinged, asked } = await ping([9, 3, 2, 4])
    expect(pinged).toEqual({
      burst: { type: 'answered', rttMs: 2 },
      by: { id: ash.id, run: 'r' },
      samplesMs: [3, 2, 4],
      discarded: 0,
      connectMs: 7,
    })
    expect(asked.map(({ method, path, timeoutMs }) => `${method} ${path} ${timeoutMs}`)).toEqual([
      'GET /server_info 2000',
      'GET /server_info 1991',
      'GET /server_info 1988',
      'GET /server_info 1986',
    ])
  })

  test.each<[string, readonly (number | Failure)[], readonly number[]]>([
    ['so slow that no more would fit is the first', [700, 700, 600], [700, 700, 600]],
    ['so slow that three more would not fit counts the first too', [900, 900], [900, 900]],
    ['of which a later one fails stands by those before', [9, 3, RESET], [3]],
  ])('%s', async (_, times, samples) => {
    const { pinged } = await ping(times)
    expect([pinged.burst.type, pinged.samplesMs]).toEqual(['answered', samples])
  })

  test.each<[string, readonly (number | Failure)[], string, boolean]>([
    ['that is refused', [REFUSED], 'connection refused', true],
    ['that breaks off', [RESET], 'connection reset', false],
    ['of which only the warming came back', [9, RESET], 'connection reset', false],
  ])('%s is silence', async (_, times, why, refused) => {
    const { pinged } = await ping(times)
    expect(pinged).toEqual({ burst: { type: 'silent', refused, why }, by: null, samplesMs: [], discarded: 0, connectMs: null })
  })

  test('that is answered with an error is silence', async () => {
    const { clock, calls } = start(() => answer('no', { status: 500 }))
    expect((await clock.until(calls.ping(AT, 'channel', 'burst'))).burst).toEqual({
      type: 'silent',
      refused: false,
      why: 'it answered 500 to /server_info',
    })
  })

  const info = (moonwalk: unknown): string => JSON.stringify({ ...P2PRC, Moonwalk: moonwalk })
  test.each<[string, string, Lane, unknown]>([
    ['a node', INFO, 'clear', { id: ash.id, run: 'r' }],
    ['a node that says no run', info({ id: ash.id }), 'clear', { id: ash.id, run: '' }],
    ['a P2PRC node', JSON.stringify(P2PRC), 'clear', null],
    ['whoever says a wrong id', info({ id: 7 }), 'clear', null],
    ['a node over the channel, whatever id it says', info({ id: elm.id, run: 'r' }), 'channel', { id: ash.id, run: 'r' }],
  ])('says who answered: %s', async (_, body, lane, by) => expect((await ping([1, 1, 1, 1], body, lane)).pinged.by).toEqual(by))

  test('asks over the channel for as little as it needs, and takes that of nobody in clear', async () => {
    const look = lookText('r', { ...UNPLACED, error: 0.5 })
    const { pinged, asked } = await ping([1, 1, 1, 1], look, 'channel')
    expect([pinged.by, asked[0]?.headers]).toEqual([
      { id: ash.id, run: 'r', place: { at: UNPLACED.at, heightMs: UNPLACED.heightMs, adjustmentMs: 0, error: 0.5 } },
      LOOK_HEADERS,
    ])
    const inClear = await ping([1, 1, 1, 1], look, 'clear')
    expect([inClear.pinged.burst.type, inClear.asked[0]?.headers]).toEqual(['silent', undefined])
  })

  test.each([
    ['a page', '<html>'],
    ['nothing', ''],
    ['other JSON', '{"Hostname":"x"}'],
    ['a list', '[]'],
  ])('that is answered 200 with %s is silence', async (_, body) =>
    expect((await ping([1, 1, 1, 1], body, 'clear')).pinged.burst).toEqual({
      type: 'silent',
      refused: false,
      why: 'what answers there is no server of this network',
    }),
  )
})

describe('who answers at an address', () => {
  const signed = (nonce: string, changes: Partial<Parameters<typeof echoBytes>[0]> = {}, by = ash): string =>
    by.sign(echoBytes({ nonce, run: 'r', at: AT, asker: me.id, ...changes }))
  /** An echo as ash would sign it, with what a forger changes. `by`: who is at the other end of the channel. */
  const echo =
    (
      change: (fair: Record<string, unknown> & { nonce: string }) => Record<string, unknown> = (fair) => fair,
      { status = 200, by = ash.id } = {},
    ) =>
    ({ path }: PeerRequest): PeerAnswer => {
      const nonce = new URL(path, 'http://x').searchParams.get('nonce') ?? ''
      const fair = { id: ash.id, run: 'r', key: ash.publicKey, nonce, sig: signed(nonce) }
      return answer(JSON.stringify(change(fair)), { status, by })
    }
  const NOBODY = { type: 'failed', reason: 'protocol', text: 'no node with an identity answers there' }

  test('is known by a signature over a fresh nonce', async () => {
    const { clock, calls, asked } = start(echo())
    expect(await clock.until(calls.whoAnswers(AT))).toEqual({ type: 'answerer', id: ash.id, run: 'r' })
    await clock.until(calls.whoAnswers(AT))
    const nonces = asked.map(({ path }) => new URL(path, 'http://x').searchParams.get('nonce') ?? '')
    expect([nonces.every((nonce) => /^[0-9a-f]{32}$/.test(nonce)), new Set(nonces).size]).toEqual([true, 2])
  })

  test.each<[string, ReturnType<typeof echo>]>([
    ['a signature over another nonce', echo((fair) => ({ ...fair, sig: signed('00') }))],
    ["another's id", echo((fair) => ({ ...fair, id: elm.id }))],
    ["another's signature", echo((fair) => ({ ...fair, sig: signed(fair.nonce, {}, elm) }))],
    ['a run that is not signed', echo((fair) => ({ ...fair, run: 'another' }))],
    ['a signature that was made for another asker', echo((fair) => ({ ...fair, sig: signed(fair.nonce, { asker: elm.id }) }))],
    ['a signature of another address', echo((fair) => ({ ...fair, sig: signed(fair.nonce, { at: '192.0.2.2:8088' }) }))],
    ['an echo of another node than that at the other end', echo((fair) => fair, { by: elm.id })],
    ['an error', echo((fair) => fair, { status: 404 })],
    ['garbage', () => answer('[]')],
  ])('is nobody with %s', async (_, reply) => {
    const { clock, calls } = start(reply)
    expect(await clock.until(calls.whoAnswers(AT))).toEqual(NOBODY)
  })

  test('is why nobody did', async () => {
    const { clock, calls } = start(() => REFUSED)
    expect(await clock.until(calls.whoAnswers(AT))).toEqual(REFUSED)
  })
})

describe('a hello', () => {
  const record = (address: string | null) => seal(ash, { name: 'ash', address, seq: 1, via: null, offersTurn: true, left: false })
  const ask = { from: 'E', port: 8_088, advertise: null }
  const STRANGER = { type: 'stranger' }
  const hello = async (body: string, status = 200) => {
    const { clock, calls } = start(() => answer(body, { status }))
    return clock.until(calls.hello(AT, ask))
  }

  test('meets a node, at the address where it was met if it knows none itself', async () => {
    const dialBack = { type: 'reached', address: '192.0.2.9:8088' }
    const met = await hello(JSON.stringify({ record: record(null), observed: '192.0.2.9', dialBack }))
    expect(met).toEqual({
      type: 'met',
      record: {
        id: ash.id,
        name: 'ash',
        address: AT,
        seq: 1,
        via: null,
        offersTurn: true,
        left: false,
        envelope: record(null),
        p2prc: null,
      },
      observed: '192.0.2.9',
      dialBack,
    })
  })

  test.each<[string, string, number]>([
    ['does not know the route', 'not found', 404],
    ['answers with garbage', '{}', 200],
    [
      "answers with another node's record",
      JSON.stringify({ record: seal(elm, { name: 'elm', address: AT, seq: 1, via: null, offersTurn: true, left: false }) }),
      200,
    ],
    ['answers with a record that is not genuine', JSON.stringify({ record: record(AT).replace('ash', 'oak') }), 200],
  ])('meets a stranger who %s', async (_, body, status) => expect(await hello(body, status)).toEqual(STRANGER))

  test('meets nobody where nobody answers', async () => {
    const { clock, calls } = start(() => REFUSED)
    expect(await clock.until(calls.hello(AT, ask))).toEqual(REFUSED)
  })
})

test.each<[string, string, number, unknown]>([
  ['a port', '7000', 200, 7_000],
  ['a port in lines', '\n7000\n', 200, 7_000],
  ['none', 'error: it does not\n0', 500, 'it answered 500 to /FRPPort: error: it does not\n0'],
  ['port 0', '0', 200, 'it answered 200 to /FRPPort: 0'],
  ['a port beyond all', '65536', 200, 'it answered 200 to /FRPPort: 65536'],
  ['a page', `<html>${'x'.repeat(200)}`, 200, `it answered 200 to /FRPPort: <html>${'x'.repeat(74)}`],
])('a TURN that names %s', async (_, body, status, expected) => {
  const { clock, calls } = start(() => answer(body, { status }))
  const port = await clock.until(calls.frpPort(AT, 'clear'))
  expect(typeof port === 'number' ? port : port.text).toEqual(expected)
})

test('a table goes out as a file in a form, as P2PRC posts it', async () => {
  const { clock, calls, asked } = start(() => answer('{"ip_address":null}'))
  expect(await clock.until(calls.postTable(AT, '{}'))).toEqual({ type: 'text', text: '{"ip_address":null}' })
  const [{ body, headers, path } = { body: undefined, headers: undefined, path: '' }] = asked
  const boundary = headers?.['content-type']?.split('boundary=')[1] ?? ''
  expect([path, boundary.length > 20, body instanceof Uint8Array ? Buffer.from(body).toString() : '']).toEqual([
    '/IpTable',
    true,
    `--${boundary}\r\nContent-Disposition: form-data; name="json"; filename="ip_table.json"\r\nContent-Type: application/octet-stream\r\n\r\n{}\r\n--${boundary}--\r\n`,
  ])
})

test('a table that is answered with an error is answered with nothing', async () => {
  const { clock, calls } = start(() => answer('oops', { status: 500 }))
  expect(await clock.until(calls.postTable(AT, '{}'))).toEqual({ type: 'text', text: '' })
})

test('requests end with the one signal they were made for: those under way, and every later one at once', async () => {
  const signals: AbortSignal[] = []
  const ending = new AbortController()
  const requests = endable(
    {
      request: async (_, { signal }) => {
        if (signal) signals.push(signal)
        return RESET
      },
    },
    ending.signal,
  )
  const hanging = endable(
    {
      request: (_, { signal }) => {
        if (signal) signals.push(signal)
        return new Promise(() => {})
      },
    },
    ending.signal,
  )
  const ask: PeerRequest = { method: 'GET', path: '/', timeoutMs: 1 }
  await requests.request(AT, ask)
  void hanging.request(AT, ask)
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false])
  ending.abort()
  await requests.request(AT, ask)
  // The first has ended by itself: nobody is told of it.
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, true, true])
})
