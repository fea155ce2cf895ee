import { describe, expect, test } from 'vitest'
import { createPublicRoutes, type PublicRoutesNeeds } from '../../../src/actors/front/public-routes.ts'
import { lookAnswer, serverInfo } from '../../../src/actors/front/server-info.ts'
import { createOwnRecord, type OwnRecord } from '../../../src/actors/membership/own-record.ts'
import { isAllowed, wordOf } from '../../../src/domain/address.ts'
import { UNPLACED } from '../../../src/domain/coordinates.ts'
import type { Offer } from '../../../src/domain/offer.ts'
import type { PeerRecord } from '../../../src/domain/record.ts'
import type { Failure, InboundRequest } from '../../../src/ports.ts'
import { echoBytes } from '../../../src/v2/echo.ts'
import { seal } from '../../../src/v2/envelope.ts'
import { LOOK_HEADERS } from '../../../src/v2/look.ts'
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
const AT_ASH = '192.0.2.7:8088'
const RUN = /^[0-9a-f]{16}$/
const REFUSED: Failure = { type: 'failed', reason: 'refused', text: 'connection refused' }
const SILENT: Failure = { type: 'failed', reason: 'timeout', text: 'it did not answer in time' }
const NOT_A_NODE: Failure = { type: 'failed', reason: 'protocol', text: 'no node with an identity answers there' }

/** Who answers the echo at which address; nobody: it refuses. */
type Answering = Readonly<Record<string, string | Failure | Promise<Failure>>>

function start(other: Partial<PublicRoutesNeeds> = {}, answering: Answering = {}) {
  const told: unknown[] = []
  const clock = new VirtualClock()
  const own = createOwnRecord({ clock, identity: me, random: new SeededRandom(1) }, { name: 'me', offersTurn: true, advertise: null })
  own.setListening({ host: '0.0.0.0', port: 8_088 })
  own.announce('203.0.113.9:8088', null)
  const route = createPublicRoutes({
    clock,
    identity: me,
    own,
    calls: {
      whoAnswers: async (address) => {
        told.push(`echo ${address}`)
        const answer = await (answering[address] ?? REFUSED)
        return typeof answer === 'string' ? { type: 'answerer', id: answer, run: 'r' } : answer
      },
    },
    gate: { tryAnew: (address) => void told.push(`try ${address} anew`) },
    gossip: { answer: async (message, by) => (message.from === FROM_ASH && by === ash.id ? { ...message, seq: 2, from: null } : null) },
    lookers: { answer: async (by, ask) => (ask.address === AT_ASH && by === elm.id ? { type: 'reached' } : { type: 'busy' }) },
    speed: { answer: async ({ path }) => (path === '/50' ? { status: 429, body: 'busy' } : null) },
    policy: 'lan',
    isPrivate: false,
    look: lookAnswer(own.run, () => UNPLACED),
    serverInfo: serverInfo(FACTS, { id: me.id, name: 'me', version: '1.2.3', run: own.run }, () => UNPLACED),
    offer: 'everybody',
    p2prc: { answer: async (text, selfAddress) => Buffer.from(`${text} seen by ${selfAddress}`) },
    servicesFor: (id) => (id === ash.id ? [{ name: 'web', kind: 'tcp', private: true }] : []),
    operator: {
      mapPort: async ({ port }) => ({ type: 'mapped', address: `203.0.113.9:${port + 20_000}` }),
      addProxy: ({ domain }) => (domain === 'taken.example.org' ? { type: 'refused', text: 'it leads elsewhere' } : { type: 'added' }),
    },
    token: 'secret',
    joining: {
      greeted: (record, _, isReached) => told.push({ greeted: record, isReached }),
      mayTry: (address, _, seenAt) => isAllowed(address, 'lan', wordOf(address, { reachedAt: null, seenAt }, ['192.0.2.9'])),
    },
    twins: { heard: (word, envelope, seenAt) => told.push({ twin: word.seq, isMine: own.hasSaid(envelope), seenAt }) },
    reach: { arrivedAt: (address) => told.push(`arrived at ${address}`) },
    ...other,
  })
  return { route, own, told }
}

const ask = async (request: InboundRequest, entrance: 'public' | 'tunnel' = 'public', other: Partial<PublicRoutesNeeds> = {}) =>
  start(other).route(request, entrance)

test("/server_info has P2PRC's keys, and ours beside them", async () => {
  const { route, own } = start()
  const { status, headers, body } = await route(inbound({ path: '/server_info' }), 'public')
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
      Moonwalk: { id: me.id, name: 'me', version: '1.2.3', run: own.run, place: [0, 0, 0, 0, 0, 0, 0, 0, 0.01, 0, 1.5] },
    },
  ])
  expect(own.run).toMatch(RUN)
})

test('whoever looks often over the channel gets what changes, and nothing else', async () => {
  const { route, own } = start()
  const look = { ...inbound({ path: '/server_info', headers: { ...LOOK_HEADERS, 'moonwalk-token': '0123456789abcdef' } }), by: ash.id }
  const { body, ...reply } = await route(look, 'public')
  expect([reply, JSON.parse(String(body))]).toEqual([
    { status: 200, headers: { 'moonwalk-token': '0123456789abcdef' }, isBare: true },
    { Moonwalk: { run: own.run, place: [0, 0, 0, 0, 0, 0, 0, 0, 0.01, 0, 1.5] } },
  ])
  const inClear = await route({ ...look, by: null }, 'public')
  expect(JSON.parse(String(inClear.body))).toMatchObject({ Hostname: 'birch', Moonwalk: { id: me.id } })
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
    expect(await ask(posted(host), entrance)).toEqual({
      status: 200,
      headers: JSON_TYPE,
      body: Buffer.from(`{"ip_address":null} seen by ${seen}`),
    }),
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

const NO_TURN = 'error: this node does not carry traffic for others\n0'
test.each<[string, 'public' | 'tunnel', Offer, string | null, (own: OwnRecord) => void, number, string]>([
  ['its one port', 'public', 'everybody', null, () => {}, 200, '8088'],
  ['its one port to a member, where it carries for those', 'public', 'members', ash.id, () => {}, 200, '8088'],
  ['nothing to a stranger, where it carries for members', 'public', 'members', null, () => {}, 500, NO_TURN],
  ['nothing where it does not carry for others', 'public', 'nobody', ash.id, () => {}, 500, NO_TURN],
  ['nothing through a tunnel, where the port is not to be had', 'tunnel', 'everybody', null, () => {}, 500, NO_TURN],
  ['nothing while it is behind a TURN itself', 'public', 'everybody', null, (own) => own.announce('192.0.2.7:20000', ash.id), 500, NO_TURN],
  ['nothing where it listens nowhere', 'public', 'everybody', null, (own) => own.setListening(null), 500, NO_TURN],
])('/FRPPort names %s', async (_, entrance, offer, by, happen, status, body) => {
  const { route, own } = start({ offer })
  happen(own)
  expect(await route({ ...inbound({ path: '/FRPPort' }), by }, entrance)).toEqual({ status, headers: TEXT, body })
})

test('by which name a member reached this node is told on, and not by which strangers say they did', async () => {
  const names: string[] = []
  const { route } = start({ reachedBy: (host) => names.push(host) })
  const asked = (host: string, by: string | null) => route({ ...inbound({ path: '/server_info', headers: { host } }), by }, 'public')
  await asked('turn.example.org:8088', ash.id)
  await asked('app.example.org', null)
  expect(names).toEqual(['turn.example.org:8088'])
})

const OWNER = { host: '127.0.0.1:8088', authorization: 'Bearer secret' }

describe.each(['/MAPPort?port=3000', '/AddProxy?port=3000'])('%s', (path) => {
  const isGranted = async (
    headers: Readonly<Record<string, string>>,
    {
      from = '127.0.0.1',
      entrance = 'public',
      token = 'secret',
    }: { from?: string; entrance?: 'public' | 'tunnel'; token?: string | null } = {},
  ) => (await ask(inbound({ path, from, headers }), entrance, { token })).status !== 403

  test.each([
    ['127.0.0.1', 'public'],
    ['::1', 'public'],
    ['127.0.0.1', 'tunnel'],
    ['192.168.1.5', 'public'],
  ] as const)('from %s, %s, is for who has the token and nobody else', async (from, entrance) => {
    const with_ = async (authorization: string | undefined) => {
      const { authorization: _, ...bare } = OWNER
      return isGranted(authorization === undefined ? bare : { ...bare, authorization }, { from, entrance })
    }
    expect([await with_('Bearer secret'), await with_(undefined)]).toEqual([true, false])
    for (const wrong of ['', 'Bearer ', 'Bearer wrong', 'secret', 'Bearer secretsecret', 'Bearer secre', 'bearer secret'])
      expect([wrong, await with_(wrong)]).toEqual([wrong, false])
  })
  test.each(['Bearer null', 'Bearer ', 'Bearer undefined', ''])('where there is no token, %j is none', async (authorization) =>
    expect(await isGranted({ ...OWNER, authorization }, { token: null })).toEqual(false),
  )
  test.each([
    [{ origin: 'http://127.0.0.1:8088' }],
    [{ origin: 'null' }],
    [{ referer: 'http://127.0.0.1:8088/' }],
    [{ 'sec-fetch-site': 'none' }],
    [{ 'sec-fetch-site': 'same-origin' }],
    [{ host: 'localhost:8088' }],
    [{ host: 'evil.test' }],
    [{ host: '127.0.0.1.evil.test' }],
    [{ host: '0x7f.1' }],
    [{ host: '' }],
  ])('is refused, with the token too, where a web page may be behind it: %j', async (headers) =>
    expect(await isGranted({ ...OWNER, ...headers })).toEqual(false),
  )
  test.each(['203.0.113.9', '203.0.113.9:8088', '[::1]:8088', '[2001:db8::1]'])('may be asked as %s', async (host) =>
    expect(await isGranted({ ...OWNER, host })).toEqual(true),
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
  expect(await ask(inbound({ path: `/MAPPort?port=${port}`, headers: OWNER }))).toEqual({ status, headers: TEXT, body }),
)

test.each([
  ['domain_name=app.example.org&ip_address=10.0.0.7&port=3000', 200, 'Sucess'],
  ['domain_name=taken.example.org&ip_address=10.0.0.7&port=3000', 500, 'error: it leads elsewhere\n'],
  ['domain_name=127.0.0.1&ip_address=10.0.0.7&port=3000', 500, 'error: domain_name must be a name such as www.example.org\n'],
  ['ip_address=10.0.0.7&port=3000', 500, 'error: domain_name must be a name such as www.example.org\n'],
  ['domain_name=app.example.org&ip_address=10.0.0.7', 500, 'error: port must be a number from 1 to 65535\n'],
  ['domain_name=app.example.org&port=3000', 500, 'error: ip_address must be an address or a host name\n'],
])('/AddProxy?%s is answered %d', async (query, status, body) =>
  expect(await ask(inbound({ path: `/AddProxy?${query}`, headers: OWNER }))).toEqual({ status, headers: TEXT, body }),
)

test('/MAPPort says why a port could not be mapped', async () =>
  expect(
    await ask(inbound({ path: '/MAPPort?port=80', headers: OWNER }), 'public', {
      operator: {
        mapPort: async () => ({ type: 'refused', text: 'nothing answers at 127.0.0.1:80' }),
        addProxy: () => ({ type: 'added' }),
      },
    }),
  ).toEqual({ status: 500, headers: TEXT, body: 'error: nothing answers at 127.0.0.1:80\n' }))

describe('of all that the port answers, a stranger without any proof', () => {
  /** Every route by name, with what a bare request of a stranger is answered. */
  const answers = async (isPrivate: boolean) => {
    const { route, told } = start({ isPrivate, speed: { answer: async () => ({ status: 200, body: '' }) } })
    const asked = route.names.map(async (name) => {
      const [method, path = ''] = name.split(' ')
      const request = inbound({
        method: method === 'POST' ? 'POST' : 'GET',
        path: `${path}?port=3000`,
        headers: { host: '127.0.0.1:8088' },
      })
      const replies = await Promise.all(
        (['public', 'tunnel'] as const).map((entrance) => route({ ...request, remote: { host: '127.0.0.1', port: 1 } }, entrance)),
      )
      return [name, replies.every(({ status }) => status === 403) ? 'refused' : 'answered']
    })
    return { byName: Object.fromEntries(await Promise.all(asked)), told }
  }

  test('is answered in an open network where P2PRC and measuring want it, and nowhere else', async () => {
    expect(await answers(false)).toEqual({
      byName: {
        // What a machine says of itself to everybody: P2PRC's nodes ping by it.
        'GET /server_info': 'answered',
        // P2PRC's exchange of tables: open networks are those that anybody may join.
        'POST /IpTable': 'answered',
        // The one port, which whoever asks has found already.
        'GET /FRPPort': 'answered',
        // Kept nowhere: P2PRC times it.
        'GET /upload': 'answered',
        // One test at a time, of bounded size.
        'GET /v2/speed/open': 'answered',
        'GET /v2/speed/down': 'answered',
        'POST /v2/speed/up': 'answered',
        'GET /50': 'answered',
        'GET /MAPPort': 'refused',
        'GET /AddProxy': 'refused',
        'POST /v2/hello': 'refused',
        'GET /v2/echo': 'refused',
        'GET /v2/services': 'refused',
        'POST /v2/gossip': 'refused',
        'POST /v2/look': 'refused',
      },
      told: [],
    })
  })

  test('is refused everything in a private one', async () => {
    const { byName, told } = await answers(true)
    expect([Object.values(byName).filter((answer) => answer !== 'refused'), told]).toEqual([[], []])
  })
})

describe('a web page', () => {
  test.each<['GET' | 'POST', string, Readonly<Record<string, string>>]>([
    ['POST', '/IpTable', { origin: 'http://evil.test' }],
    ['POST', '/IpTable', { origin: 'null' }],
    ['POST', '/v2/hello', { origin: 'http://rebound.test:8088' }],
    ['POST', '/v2/gossip', { 'sec-fetch-site': 'same-site' }],
    ['GET', '/server_info', { 'sec-fetch-site': 'cross-site' }],
    ['GET', '/50', { 'sec-fetch-site': 'same-origin' }],
  ])('gets nothing from %s %s, sending %j', async (method, path, headers) =>
    expect(await ask(inbound({ method, path, headers }))).toEqual({ status: 403, headers: TEXT, body: 'this port is not for web pages\n' }),
  )
  test('is not the address bar', async () =>
    expect((await ask(inbound({ path: '/server_info', headers: { 'sec-fetch-site': 'none' } }))).status).toEqual(200))
})

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
      by: envelope === FROM_ASH ? ash.id : me.id,
      headers: { host: '192.168.1.5:8088' },
      body: JSON.stringify({ from: envelope, port, advertise }),
    })

  const told = async (request: InboundRequest, answering: Answering, entrance: 'public' | 'tunnel' = 'public') => {
    const { route, told } = start({}, answering)
    const { body } = await route(request, entrance)
    const { vouch: _, ...dialBack } = JSON.parse(String(body)).dialBack
    return { dialBack, dialled: told.filter((one) => String(one).startsWith('echo ')) }
  }
  const ARRIVED = 'arrived at 192.168.1.5:8088'

  test('dials the asker back where it was seen, tells what came of it, and vouches for that', async () => {
    const { route, own, told } = start({}, { [SEEN]: ash.id })
    const atS = Math.floor(new VirtualClock().wallMs() / 1_000)
    const sig = me.sign(new TextEncoder().encode(`moonwalk vouch\n${ash.id}\n${SEEN}\n${atS}`))
    const vouch = `${Buffer.from(me.id, 'hex').toString('base64url')}${atS.toString(36)}${sig}`
    expect(await route(hello(8088, null), 'public')).toEqual({
      status: 200,
      headers: JSON_TYPE,
      body: JSON.stringify({ record: own.envelope(), observed: '192.0.2.50', dialBack: { type: 'reached', address: SEEN, vouch } }),
    })
    expect(told).toEqual([ARRIVED, `try ${SEEN} anew`, `echo ${SEEN}`, { greeted: ASH, isReached: true }])
  })

  test('who is not reached is greeted without an address', async () => {
    const { route, told } = start()
    await route(hello(8088, null), 'public')
    expect(told).toEqual([ARRIVED, `try ${SEEN} anew`, `echo ${SEEN}`, { greeted: null, isReached: false }])
  })

  const ADVERTISED = '9.9.9.9:8089'
  test.each<[string, number | null, string | null, string, Readonly<Record<string, string>>, readonly string[], string | null]>([
    [
      'what it advertises stands before where it was seen',
      8088,
      ADVERTISED,
      '192.0.2.50',
      { [SEEN]: ash.id, [ADVERTISED]: ash.id },
      [ADVERTISED, SEEN],
      ADVERTISED,
    ],
    ['else where it was seen', 8088, ADVERTISED, '192.0.2.50', { [SEEN]: ash.id }, [ADVERTISED, SEEN], SEEN],
    ['an address is tried once', 8088, SEEN, '192.0.2.50', {}, [SEEN], null],
    ['another that answers there is not it', 8088, null, '192.0.2.50', { [SEEN]: elm.id }, [SEEN], null],
    ['nor is metadata of a cloud contacted', 8088, '169.254.169.254:80', '192.0.2.50', {}, [SEEN], null],
    ['nor a name', 8088, 'internal.example:80', '192.0.2.50', {}, [SEEN], null],
    ['nor an odd spelling', 8088, '2130706433:80', '192.0.2.50', {}, [SEEN], null],
  ])('%s', async (_, port, advertise, from, answering, dialled, reached) =>
    expect(await told(hello(port, advertise, from), answering)).toEqual({
      dialBack: reached === null ? { type: 'missed', why: 'refused' } : { type: 'reached', address: reached },
      dialled: dialled.map((address) => `echo ${address}`),
    }),
  )

  test.each<[string, number | null, string | null, string]>([
    ['who listens nowhere', null, null, '192.0.2.50'],
    ['who names what may not be contacted, from where it may not', 8088, '127.0.0.1:22', '127.0.0.1'],
  ])('%s is not dialled, which says nothing of it', async (_, port, advertise, from) =>
    expect(await told(hello(port, advertise, from), {})).toEqual({ dialBack: { type: 'untried' }, dialled: [] }),
  )

  test.each<[string, Failure, Failure, 'refused' | 'silent']>([
    ['both refuse', REFUSED, REFUSED, 'refused'],
    ['somebody else answers at both', NOT_A_NODE, NOT_A_NODE, 'refused'],
    ['one is silent', SILENT, REFUSED, 'silent'],
    ['the other is', REFUSED, SILENT, 'silent'],
    ['there is no way to one', { ...SILENT, reason: 'unreachable' }, REFUSED, 'silent'],
    ['one breaks off', { ...SILENT, reason: 'reset' }, REFUSED, 'silent'],
  ])('of two addresses it is only sure that nobody listens if both say so: %s', async (_, first, second, why) =>
    expect((await told(hello(8088, ADVERTISED), { [ADVERTISED]: first, [SEEN]: second })).dialBack).toEqual({ type: 'missed', why }),
  )

  test('two addresses that are silent take no longer than one, so that the asker still waits for the answer', async () => {
    const clock = new VirtualClock()
    const silent = (): Promise<Failure> => new Promise((resolve) => clock.setTimeout(() => resolve(SILENT), 2_000))
    const { route } = start({ calls: { whoAnswers: silent } })
    await clock.until(route(hello(8088, ADVERTISED), 'public'))
    expect(clock.now()).toEqual(2_000)
  })

  test('through a tunnel, the address it was seen at says nothing, nor that somebody arrived', async () => {
    const { route, own, told } = start({}, { '127.0.0.1:8088': ash.id })
    const { body } = await route(hello(8088, null, '127.0.0.1'), 'tunnel')
    expect(JSON.parse(String(body))).toEqual({ record: own.envelope(), observed: null, dialBack: { type: 'untried' } })
    expect(told).toEqual([{ greeted: null, isReached: false }])
  })

  test("a word with this node's own id goes to the watch for twins, with where its sayer was seen", async () => {
    const { route, own, told } = start()
    const other = seal(me, { name: 'me', address: null, seq: 9, via: null, offersTurn: true, left: false })
    expect((await route(hello(null, null, '192.0.2.50', own.envelope()), 'public')).status).toEqual(200)
    expect((await route(hello(8_088, null, '192.0.2.50', other), 'public')).status).toEqual(200)
    expect(told).toEqual([
      { twin: own.seq(), isMine: true, seenAt: null },
      `try ${SEEN} anew`,
      `echo ${SEEN}`,
      { twin: 9, isMine: false, seenAt: SEEN },
    ])
  })

  test('only so many are dialled back at once; the next waits for a while, and is told that this node is busy', async () => {
    let end: (failure: Failure) => void = () => {}
    const clock = new VirtualClock()
    const { route, told } = start({ clock }, { [SEEN]: new Promise<Failure>((resolve) => (end = resolve)) })
    const dialBack = async () => JSON.parse(String((await route(hello(8088, null), 'public')).body)).dialBack
    const first = Array.from({ length: 16 }, dialBack)
    const next = dialBack()
    await clock.until(next)
    expect([await next, clock.now()]).toEqual([{ type: 'busy' }, 1_500])
    expect(told.filter((one) => one === `echo ${SEEN}`).length).toEqual(16)
    end(SILENT)
    expect(await Promise.all(first)).toEqual(Array(16).fill({ type: 'missed', why: 'silent' }))
    expect(await dialBack()).toEqual({ type: 'missed', why: 'silent' })
  })

  test.each([
    ['garbage', 'garbage'],
    ['no genuine record', JSON.stringify({ from: FROM_ASH.replace('ash', 'oak'), port: 1, advertise: null })],
    ['too much', JSON.stringify({ from: FROM_ASH, port: 1, advertise: null, more: ' '.repeat(8_192) })],
    [
      'the word of another than its sender',
      JSON.stringify({
        from: seal(elm, { name: 'elm', address: null, seq: 3, via: null, offersTurn: true, left: false }),
        port: 1,
        advertise: null,
      }),
    ],
  ])('%s is 400', async (_, body) =>
    expect(await ask(inbound({ method: 'POST', path: '/v2/hello', by: ash.id, body }))).toEqual({
      status: 400,
      headers: TEXT,
      body: 'this hello carries no genuine record of its sender\n',
    }),
  )
})

test('/v2/echo signs the nonce, the run of this process, the address that was asked and who asked', async () => {
  const nonce = '0123456789abcdef'
  const { route, own } = start()
  const { status, body } = await route(inbound({ path: `/v2/echo?nonce=${nonce}&at=192.0.2.9:1`, by: ash.id }), 'public')
  const { sig, ...rest } = JSON.parse(String(body))
  expect([status, rest]).toEqual([200, { id: me.id, run: own.run, key: me.publicKey, nonce }])
  expect(ash.verify(me.publicKey, echoBytes({ nonce, run: own.run, at: '192.0.2.9:1', asker: ash.id }), sig)).toEqual(true)
})

test.each(['', '0123456789abcde', '0123456789ABCDEF', 'g'.repeat(16), '0'.repeat(129), '0123456789abcdef%0A'])(
  'the nonce %j is none: 400',
  async (nonce) =>
    expect(await ask(inbound({ path: `/v2/echo?nonce=${nonce}&at=192.0.2.9:1`, by: ash.id }))).toEqual({
      status: 400,
      headers: TEXT,
      body: 'nonce must be 16 to 128 hex digits\n',
    }),
)

test('an echo of no address is 400', async () =>
  expect(await ask(inbound({ path: '/v2/echo?nonce=0123456789abcdef', by: ash.id }))).toEqual({
    status: 400,
    headers: TEXT,
    body: 'at must be the HOST:PORT that was asked\n',
  }))

describe('a stranger, who comes in clear,', () => {
  const ROUTES = [
    ['GET', '/server_info'],
    ['POST', '/IpTable'],
    ['GET', '/FRPPort'],
    ['GET', '/50'],
    ['GET', '/upload'],
    ['POST', '/v2/hello'],
    ['GET', '/v2/echo'],
    ['POST', '/v2/gossip'],
    ['GET', '/nothing'],
  ] as const
  test.each(ROUTES)('gets one line of a private network for %s %s', async (method, path) =>
    expect(await ask(inbound({ method, path }), 'public', { isPrivate: true })).toEqual({
      status: 403,
      headers: TEXT,
      body: 'this network is private: ask its owner for `moonwalk invite`\n',
    }),
  )
  test.each(ROUTES.filter(([, path]) => path.startsWith('/v2/')))(
    "is told of the members' channel for %s %s of an open one",
    async (method, path) =>
      expect(await ask(inbound({ method, path }))).toEqual({
        status: 403,
        headers: TEXT,
        body: "nodes speak here over the members' channel: TLS 1.3 with ALPN moonwalk/1\n",
      }),
  )
})

test.each<[string, string, unknown, number, unknown]>([
  ['by a member, about who is listed there', elm.id, { id: ash.id, address: AT_ASH }, 200, { type: 'reached' }],
  ['about another address', elm.id, { id: ash.id, address: '192.0.2.8:8088' }, 200, { type: 'busy' }],
  ['about nobody', elm.id, { id: 'ash', address: AT_ASH }, 400, null],
])('/v2/look, asked %s, is answered', async (_, by, ask, status, answer) => {
  const { route } = start()
  const reply = await route(inbound({ method: 'POST', path: '/v2/look', by, body: JSON.stringify(ask) }), 'public')
  expect([reply.status, status === 200 ? JSON.parse(String(reply.body)) : null]).toEqual([status, answer])
})

describe('/v2/gossip', () => {
  const message = { seq: 1, from: FROM_ASH }
  const gossip = (body: string) => ask(inbound({ method: 'POST', path: '/v2/gossip', by: ash.id, body }))
  test('is answered in kind', async () =>
    expect(await gossip(JSON.stringify(message))).toEqual({
      status: 200,
      headers: JSON_TYPE,
      body: JSON.stringify({ seq: 2 }),
    }))
  test.each([
    ['in public', 'public', ['arrived at 192.168.1.5:8088']],
    ['through a tunnel', 'tunnel', []],
  ] as const)('that arrives %s tells by which address, once a connection', async (_, entrance, expected) => {
    const { route, told } = start()
    const headers = { host: '192.168.1.5:8088' }
    await route(inbound({ method: 'POST', path: '/v2/gossip', by: ash.id, headers, body: JSON.stringify(message) }), entrance)
    await route(
      inbound({ method: 'POST', path: '/v2/gossip', by: ash.id, headers, body: JSON.stringify({ ...message, from: 'x' }) }),
      entrance,
    )
    expect(told).toEqual(expected)
  })
  test.each([
    ['garbage', '\u0000\u0001'],
    ['a list', '[]'],
    ['nothing', ''],
    ['a sender whose word does not hold', JSON.stringify({ ...message, from: 'x' })],
    ['too much', JSON.stringify({ ...message, more: ' '.repeat(1024 * 1024) })],
  ])('with %s is 400', async (_, body) =>
    expect(await gossip(body)).toEqual({ status: 400, headers: TEXT, body: 'this message carries no genuine record of its sender\n' }),
  )
})

test.each([
  ['GET', '/50', 429, 'busy'],
  ['GET', '/', 404, 'nothing here\n'],
  ['POST', '/server_info', 404, 'nothing here\n'],
  ['GET', '/v2/hello', 403, "nodes speak here over the members' channel: TLS 1.3 with ALPN moonwalk/1\n"],
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
