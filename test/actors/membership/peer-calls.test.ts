import { describe, expect, test } from 'vitest'
import { createPeerCalls, echoBytes, endable } from '../../../src/actors/membership/peer-calls.ts'
import type { Failure, PeerAnswer, PeerRequest } from '../../../src/ports.ts'
import { seal } from '../../../src/v2/envelope.ts'
import { SeededRandom } from '../../sim/chance.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { newIdentity } from '../../v2/identities.ts'

const AT = '192.0.2.1:8088'
const me = newIdentity()
const ash = newIdentity()
const elm = newIdentity()
const RESET: Failure = { type: 'failed', reason: 'reset', text: 'connection reset' }
const REFUSED: Failure = { type: 'failed', reason: 'refused', text: 'connection refused' }

const answer = (body: string, { status = 200, answerMs = 1, connectMs = null as number | null } = {}): PeerAnswer => ({
  type: 'answer',
  by: null,
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
        asked.push(request)
        const given = reply(request, asked.length)
        if (given.type === 'answer') await new Promise<void>((resolve) => clock.setTimeout(resolve, given.timing.answerMs))
        return given
      },
    },
  })
  return { clock, calls, asked }
}

const INFO = JSON.stringify({ Hostname: 'x', Moonwalk: { id: ash.id, run: 'r' } })

describe('a ping', () => {
  const ping = async (times: readonly (number | Failure)[], body = INFO) => {
    const { clock, calls, asked } = start((_, count) => {
      const one = times[count - 1] ?? RESET
      return typeof one === 'number' ? answer(body, { answerMs: one, connectMs: count === 1 ? 7 : null }) : one
    })
    return { pinged: await clock.until(calls.ping(AT)), asked }
  }

  test('warms the connection by a first request, and is the best of three more', async () => {
    const { pinged, asked } = await ping([9, 3, 2, 4])
    expect(pinged).toEqual({ burst: { type: 'answered', rttMs: 2 }, by: { id: ash.id, run: 'r' }, samplesMs: [3, 2, 4], connectMs: 7 })
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
    expect(pinged).toEqual({ burst: { type: 'silent', refused, why }, by: null, samplesMs: [], connectMs: null })
  })

  test('that is answered with an error is silence', async () => {
    const { clock, calls } = start(() => answer('no', { status: 500 }))
    expect((await clock.until(calls.ping(AT))).burst).toEqual({ type: 'silent', refused: false, why: 'it answered 500 to /server_info' })
  })

  test.each<[string, string, unknown]>([
    ['a node', INFO, { id: ash.id, run: 'r' }],
    ['a node that says no run', JSON.stringify({ Moonwalk: { id: ash.id } }), { id: ash.id, run: '' }],
    ['a P2PRC node', '{"Hostname":"x"}', null],
    ['whoever says a wrong id', '{"Moonwalk":{"id":7}}', null],
    ['whoever says nothing', '', null],
  ])('says who answered: %s', async (_, body, by) => expect((await ping([1, 1, 1, 1], body)).pinged.by).toEqual(by))
})

describe('who answers at an address', () => {
  /** An echo as `owner` would sign it, with what a forger changes. */
  const echo =
    (change: (fair: Record<string, unknown>) => Record<string, unknown> = (fair) => fair, status = 200) =>
    ({ path }: PeerRequest): PeerAnswer => {
      const nonce = new URL(path, 'http://x').searchParams.get('nonce') ?? ''
      const fair = { id: ash.id, run: 'r', key: ash.publicKey, nonce, sig: ash.sign(echoBytes(nonce, 'r')) }
      return answer(JSON.stringify(change(fair)), { status })
    }
  const NOBODY = { type: 'failed', reason: 'protocol', text: 'no node with an identity answers there' }

  test('is known by a signature over a fresh nonce', async () => {
    const { clock, calls, asked } = start(echo())
    expect(await clock.until(calls.whoAnswers(AT))).toEqual({ type: 'answerer', id: ash.id, run: 'r' })
    expect(await clock.until(calls.echo(AT))).toEqual(ash.id)
    const nonces = asked.map(({ path }) => path.replace('/v2/echo?nonce=', ''))
    expect([nonces.every((nonce) => /^[0-9a-f]{32}$/.test(nonce)), new Set(nonces).size]).toEqual([true, 2])
  })

  test.each<[string, ReturnType<typeof echo>]>([
    ['another nonce', echo((fair) => ({ ...fair, nonce: '00', sig: ash.sign(echoBytes('00', 'r')) }))],
    ["another's id", echo((fair) => ({ ...fair, id: elm.id }))],
    ["another's signature", echo((fair) => ({ ...fair, sig: elm.sign(echoBytes(String(fair.nonce), 'r')) }))],
    ['a run that is not signed', echo((fair) => ({ ...fair, run: 'another' }))],
    ['an error', echo((fair) => fair, 404)],
    ['garbage', () => answer('[]')],
  ])('is nobody with %s', async (_, reply) => {
    const { clock, calls } = start(reply)
    expect(await clock.until(calls.whoAnswers(AT))).toEqual(NOBODY)
    expect(await clock.until(calls.echo(AT))).toEqual(null)
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
  const port = await clock.until(calls.frpPort(AT))
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
