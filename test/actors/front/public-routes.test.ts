import { describe, expect, test } from 'vitest'
import { createPublicRoutes, type PublicRoutesNeeds } from '../../../src/actors/front/public-routes.ts'
import { serverInfo } from '../../../src/actors/front/server-info.ts'
import { createOwnRecord } from '../../../src/actors/membership/own-record.ts'
import { echoBytes } from '../../../src/actors/membership/peer-calls.ts'
import type { PeerRecord } from '../../../src/domain/record.ts'
import type { InboundRequest } from '../../../src/ports.ts'
import { seal } from '../../../src/v2/envelope.ts'
import type { GossipMessage } from '../../../src/v2/messages.ts'
import { SeededRandom } from '../../sim/chance.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { newIdentity } from '../../v2/identities.ts'
import { inbound } from '../inbound.ts'

const me = newIdentity()
const ash = newIdentity()
const elm = newIdentity()
const FROM_ASH = seal(ash, { name: 'ash', address: null, seq: 3, via: null, offersTurn: true, left: false })
const FACTS = { hostname: 'birch', platform: 'linux', cpu: 'Some CPU', ramMiB: 4_096, diskMiB: 20_000 }
const TEXT = { 'content-type': 'text/plain; charset=utf-8' }
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }
const nobody = () => Promise.reject(new Error('not asked here'))

/** `answering`: who answers the echo at which address. */
function start(other: Partial<PublicRoutesNeeds> = {}, answering: Readonly<Record<string, string>> = {}) {
  const told: unknown[] = []
  const own = createOwnRecord({ clock: new VirtualClock(), identity: me }, { name: 'me', offersTurn: true })
  own.announce('203.0.113.9:8088', null)
  const route = createPublicRoutes({
    identity: me,
    random: new SeededRandom(1),
    own,
    calls: {
      hello: nobody,
      gossip: nobody,
      ping: nobody,
      postTable: nobody,
      frpPort: nobody,
      echo: async (address) => {
        told.push(`echo ${address}`)
        return answering[address] ?? null
      },
    },
    gossip: {
      exchange: nobody,
      spread: nobody,
      answer: (message) => (message.from === FROM_ASH ? { ...message, run: 'mine' } : null),
      get runs$(): never {
        throw new Error('not run here')
      },
      get doubted$(): never {
        throw new Error('not run here')
      },
    },
    speed: { test: nobody, answer: async ({ path }) => (path === '/50' ? { status: 429, body: 'busy' } : null) },
    policy: 'lan',
    serverInfo: serverInfo(FACTS, { id: me.id, name: 'me', version: '1.2.3' }),
    frpPort: () => 8088,
    exchangeTable: async (text, selfAddress) => `${text} seen by ${selfAddress}`,
    mapPort: async (port) => ({ type: 'mapped', address: `203.0.113.9:${port + 20_000}` }),
    token: 'secret',
    greeted: (record, reachedUsAt) => told.push({ record, reachedUsAt }),
    ...other,
  })
  return { route, own, told }
}

const ask = async (request: InboundRequest, entrance: 'public' | 'tunnel' = 'public', other: Partial<PublicRoutesNeeds> = {}) =>
  start(other).route(request, entrance)

test("/server_info has P2PRC's keys, and ours beside them", async () => {
  const { status, headers, body } = await ask(inbound({ path: '/server_info' }))
  expect([status, headers, JSON.parse(String(body))]).toEqual([
    200,
    JSON_TYPE,
    {
      Hostname: 'birch',
      Platform: 'linux',
      CPU: 'Some CPU',
      RAM: 4_096,
      Disk: 20_000,
      GPU: null,
      Moonwalk: { id: me.id, name: 'me', version: '1.2.3' },
    },
  ])
})

describe('/IpTable', () => {
  const posted = (host: string) =>
    inbound({
      method: 'POST',
      path: '/IpTable',
      headers: { host },
      files: { json: { name: 'ip_table.json', content: '{"ip_address":null}' } },
    })
  test.each([
    ['by which the asker reached us', '192.168.1.5:8088', 'public', '192.168.1.5:8088'],
    ['that is allowed, or none', '127.0.0.1:8088', 'public', 'null'],
    ['that is one, or none', 'localhost', 'public', 'null'],
    ['that is ours, where a tunnel hides theirs', '192.168.1.5:8088', 'tunnel', '203.0.113.9:8088'],
  ] as const)('answers a posted table with the address %s', async (_, host, entrance, seen) =>
    expect(await ask(posted(host), entrance)).toEqual({ status: 200, headers: JSON_TYPE, body: `{"ip_address":null} seen by ${seen}` }),
  )

  test.each([
    ['no file', {}],
    ['a file of another name', { table: { name: 'ip_table.json', content: '{}' } }],
    ['a file too large', { json: { name: 'ip_table.json', content: ' '.repeat(1024 * 1024 + 1) } }],
  ])('says in words, with 200 as P2PRC does, that there was %s', async (_, files) =>
    expect(await ask(inbound({ method: 'POST', path: '/IpTable', files }))).toEqual({
      status: 200,
      headers: TEXT,
      body: 'http: no such file: send the table as a multipart file in the field "json", at most 1 MiB\n',
    }),
  )
})

test.each([
  ['a port', 'public', 7_000, 200, '7000'],
  ['no port', 'public', null, 500, 'error: this node does not carry traffic for others\n0'],
  [
    'a port, but through a tunnel, where it is not to be had',
    'tunnel',
    7_000,
    500,
    'error: this node does not carry traffic for others\n0',
  ],
] as const)('/FRPPort with %s', async (_, entrance, port, status, body) =>
  expect(await ask(inbound({ path: '/FRPPort' }), entrance, { frpPort: () => port })).toEqual({ status, headers: TEXT, body }),
)

describe.each(['/MAPPort?port=3000', '/AddProxy?port=3000'])('%s', (path) => {
  const isGranted = async (from: string, entrance: 'public' | 'tunnel', authorization?: string, token: string | null = 'secret') => {
    const headers = authorization === undefined ? {} : { authorization }
    return (await ask(inbound({ path, from, headers }), entrance, { token })).status !== 403
  }
  test.each([
    ['this machine', '127.0.0.1', 'public', undefined, true],
    ['this machine by IPv6', '::1', 'public', undefined, true],
    ['this machine by IPv4 in IPv6', '::ffff:127.0.0.1', 'public', undefined, true],
    ['this machine, it seems, but through a tunnel', '127.0.0.1', 'tunnel', undefined, false],
    ['another', '192.168.1.5', 'public', undefined, false],
    ['another with the token', '192.168.1.5', 'public', 'Bearer secret', true],
    ['one with the token through a tunnel', '127.0.0.1', 'tunnel', 'Bearer secret', true],
    ['another with a wrong token', '192.168.1.5', 'public', 'Bearer wrong', false],
    ['another with the bare token', '192.168.1.5', 'public', 'secret', false],
    ['another with no token', '192.168.1.5', 'public', 'Bearer ', false],
  ] as const)('may be used by %s: %s', async (_, from, entrance, authorization, expected) =>
    expect(await isGranted(from, entrance, authorization)).toEqual(expected),
  )
  test.each(['Bearer null', 'Bearer ', 'Bearer undefined'])('where there is no token, %j is none', async (authorization) =>
    expect(await isGranted('192.168.1.5', 'public', authorization, null)).toEqual(false),
  )
})

test.each([
  ['3000', 200, '203.0.113.9:23000'],
  ['0', 500, 'error: port must be a number from 1 to 65535\n'],
  ['65536', 500, 'error: port must be a number from 1 to 65535\n'],
  ['web', 500, 'error: port must be a number from 1 to 65535\n'],
  ['0x50', 500, 'error: port must be a number from 1 to 65535\n'],
  ['3e3', 500, 'error: port must be a number from 1 to 65535\n'],
  ['', 500, 'error: port must be a number from 1 to 65535\n'],
])('/MAPPort?port=%s is answered %d', async (port, status, body) =>
  expect(await ask(inbound({ path: `/MAPPort?port=${port}`, from: '127.0.0.1' }))).toEqual({ status, headers: TEXT, body }),
)

test('/MAPPort says why a port could not be mapped', async () =>
  expect(
    await ask(inbound({ path: '/MAPPort?port=80', from: '127.0.0.1' }), 'public', {
      mapPort: async () => ({ type: 'refused', text: 'nothing answers at 127.0.0.1:80' }),
    }),
  ).toEqual({ status: 500, headers: TEXT, body: 'error: nothing answers at 127.0.0.1:80\n' }))

describe('/v2/hello', () => {
  const SEEN = '192.0.2.50:8088'
  const ASH: PeerRecord = {
    id: ash.id,
    name: 'ash',
    address: SEEN,
    seq: 3,
    via: null,
    offersTurn: true,
    left: false,
    envelope: FROM_ASH,
    p2prc: null,
  }
  const hello = (port: number | null, advertise: string | null, from = '192.0.2.50', envelope = FROM_ASH) =>
    inbound({
      method: 'POST',
      path: '/v2/hello',
      from,
      headers: { host: '192.168.1.5:8088' },
      body: JSON.stringify({ from: envelope, port, advertise }),
    })

  test('dials the asker back where it was seen, and tells whether it was there', async () => {
    const { route, own, told } = start({}, { [SEEN]: ash.id })
    expect(await route(hello(8088, null), 'public')).toEqual({
      status: 200,
      headers: JSON_TYPE,
      body: JSON.stringify({ record: own.envelope(), observed: '192.0.2.50', reached: SEEN }),
    })
    expect(told).toEqual([`echo ${SEEN}`, { record: ASH, reachedUsAt: '192.168.1.5:8088' }])
  })

  test.each<[string, number | null, string | null, string, Readonly<Record<string, string>>, readonly string[], string | null]>([
    [
      'what it advertises is tried first',
      8088,
      '192.0.2.60:1',
      '192.0.2.50',
      { [SEEN]: ash.id, '192.0.2.60:1': ash.id },
      ['192.0.2.60:1'],
      '192.0.2.60:1',
    ],
    ['then where it was seen', 8088, '192.0.2.60:1', '192.0.2.50', { [SEEN]: ash.id }, ['192.0.2.60:1', SEEN], SEEN],
    ['an address is tried once', 8088, SEEN, '192.0.2.50', {}, [SEEN], null],
    ['another that answers there is not it', 8088, null, '192.0.2.50', { [SEEN]: elm.id }, [SEEN], null],
    ['who listens nowhere is not dialled', null, null, '192.0.2.50', {}, [], null],
    ['what may not be contacted is not', 8088, '127.0.0.1:22', '127.0.0.1', {}, [], null],
    ['nor is metadata of a cloud', 8088, '169.254.169.254:80', '192.0.2.50', {}, [SEEN], null],
    ['nor a name', 8088, 'internal.example:80', '192.0.2.50', {}, [SEEN], null],
    ['nor an odd spelling', 8088, '2130706433:80', '192.0.2.50', {}, [SEEN], null],
  ])('%s', async (_, port, advertise, from, answering, dialled, reached) => {
    const { route, told } = start({}, answering)
    const { body } = await route(hello(port, advertise, from), 'public')
    expect([JSON.parse(String(body)).reached, told.filter((one) => typeof one === 'string')]).toEqual([
      reached,
      dialled.map((address) => `echo ${address}`),
    ])
  })

  test('through a tunnel, the address it was seen at says nothing', async () => {
    const { route, own, told } = start({}, { '127.0.0.1:8088': ash.id })
    const { body } = await route(hello(8088, null, '127.0.0.1'), 'tunnel')
    expect(JSON.parse(String(body))).toEqual({ record: own.envelope(), observed: null, reached: null })
    expect(told).toEqual([{ record: null, reachedUsAt: null }])
  })

  test('a node that meets itself greets nobody', async () => {
    const { route, own, told } = start()
    expect((await route(hello(null, null, '192.0.2.50', own.envelope()), 'public')).status).toEqual(200)
    expect(told).toEqual([])
  })

  test('only so many are dialled back at once', async () => {
    let dialled = 0
    const { calls } = { calls: { hello: nobody, gossip: nobody, ping: nobody, postTable: nobody, frpPort: nobody } }
    const echo = () => {
      dialled++
      return new Promise<null>(() => {})
    }
    const { route } = start({ calls: { ...calls, echo } })
    for (let i = 0; i < 16; i++) void route(hello(8088, null), 'public')
    expect((await route(hello(8088, null), 'public')).status).toEqual(200)
    expect(dialled).toEqual(16)
  })

  test.each([
    ['garbage', 'garbage'],
    ['no genuine record', JSON.stringify({ from: FROM_ASH.replace('ash', 'oak'), port: 1, advertise: null })],
    ['too much', JSON.stringify({ from: FROM_ASH, port: 1, advertise: null, more: ' '.repeat(8_192) })],
  ])('%s is 400', async (_, body) =>
    expect(await ask(inbound({ method: 'POST', path: '/v2/hello', body }))).toEqual({
      status: 400,
      headers: TEXT,
      body: 'this hello carries no genuine record\n',
    }),
  )
})

test('/v2/echo signs the nonce', async () => {
  const nonce = '0123456789abcdef'
  const { status, body } = await ask(inbound({ path: `/v2/echo?nonce=${nonce}` }))
  const { sig, ...rest } = JSON.parse(String(body))
  expect([status, rest]).toEqual([200, { id: me.id, key: me.publicKey, nonce }])
  expect(ash.verify(me.publicKey, echoBytes(nonce), sig)).toEqual(true)
})

test.each(['', '0123456789abcde', '0123456789ABCDEF', 'g'.repeat(16), '0'.repeat(129), '0123456789abcdef%0A'])(
  'the nonce %j is none: 400',
  async (nonce) =>
    expect(await ask(inbound({ path: `/v2/echo?nonce=${nonce}` }))).toEqual({
      status: 400,
      headers: TEXT,
      body: 'nonce must be 16 to 128 hex digits\n',
    }),
)

describe('/v2/gossip', () => {
  const message: GossipMessage = { from: FROM_ASH, run: 'theirs', digest: '0:0', records: [], unsigned: [], doubts: [] }
  const gossip = (body: string) => ask(inbound({ method: 'POST', path: '/v2/gossip', body }))
  test('is answered in kind', async () =>
    expect(await gossip(JSON.stringify(message))).toEqual({
      status: 200,
      headers: JSON_TYPE,
      body: JSON.stringify({ ...message, run: 'mine' }),
    }))
  test.each([
    ['garbage', '\u0000\u0001'],
    ['a list', '[]'],
    ['nothing', ''],
    ['a sender whose word does not hold', JSON.stringify({ ...message, from: 'x' })],
    ['too much', JSON.stringify({ ...message, more: ' '.repeat(1024 * 1024) })],
  ])('with %s is 400', async (_, body) =>
    expect(await gossip(body)).toEqual({ status: 400, headers: TEXT, body: 'this message carries no genuine record\n' }),
  )
})

test.each([
  ['GET', '/50', 429, 'busy'],
  ['GET', '/', 404, 'nothing here\n'],
  ['POST', '/server_info', 404, 'nothing here\n'],
  ['GET', '/v2/hello', 404, 'nothing here\n'],
  ['GET', '/constructor', 404, 'nothing here\n'],
] as const)('%s %s is answered %d', async (method, path, status, body) => {
  const reply = await ask(inbound({ method, path }))
  expect([reply.status, reply.body]).toEqual([status, body])
})

test.each([
  ['one file', { file: { name: 'notes.txt', content: 'hi' } }, 200, "'notes.txt' uploaded!"],
  ['no file', {}, 400, 'send one file in the field "file"\n'],
])('/upload with %s', async (_, files, status, body) =>
  expect(await ask(inbound({ path: '/upload', files }))).toEqual({ status, headers: TEXT, body }),
)
