import { describe, expect, test } from 'vitest'
import { encodeMessage } from '../../../src/frp/wire/codec.ts'
import { controlCipher } from '../../../src/frp/wire/control-cipher.ts'
import type { Outgoing } from '../../../src/frp/wire/messages.ts'
import { transcriptOf } from '../../../src/frp/wire/wire-v2-crypto.ts'
import { encodeFrame, encodeMessageV2, MAGIC, MessageReaderV2 } from '../../../src/frp/wire/wire-v2-frame.ts'
import { answerHello, ClientOpening } from '../../../src/frp/wire/wire-v2-hello.ts'
import { settle } from '../frp-clock.ts'
import { Caller, World } from '../frp-world.ts'
import { login, RawEnd } from '../raw-end.ts'

const random = (count: number) => Buffer.alloc(count, 3)
const reasons = (world: World) => world.told.flatMap((fact) => (fact.type === 'session.closed' ? [fact.why] : []))
const hello = () => new ClientOpening({ randomBytes: random, tls: false, mux: false })

/** A client on wire v2 without mux, written by hand, that has logged in. */
async function member(world: World, runId = 'r') {
  const caller = new Caller(world.toTurn())
  const opening = hello()
  caller.link.write(Buffer.concat([opening.first, encodeMessageV2(login({ runId }))]))
  await settle()
  opening.push(caller.received)
  const answer = opening.next()
  const cipher = controlCipher({ token: 'secret', randomBytes: random, transcript: opening.transcript, client: true })
  const say = (message: Outgoing) => caller.link.write(cipher.encrypt(encodeMessageV2(message)))
  return { caller, answer, cipher, say }
}

describe('a TURN', () => {
  test.each<[string, Buffer]>([
    ['half a magic, then something else', Buffer.from('FRP\0\x03\r\n')],
    ['a login without a hello', Buffer.concat([MAGIC, encodeMessageV2(login())])],
    ['a server hello', Buffer.concat([MAGIC, encodeFrame(2, Buffer.from('{}'))])],
    ['an oversized frame', Buffer.concat([MAGIC, Buffer.from('0001000000010001', 'hex')])],
    ['an unknown message', Buffer.concat([MAGIC, encodeFrame(16, Buffer.from('\0\x63{}'))])],
    ['a malformed work connection', Buffer.concat([MAGIC, encodeFrame(16, Buffer.from('\0\x06[]'))])],
    ['a visitor', Buffer.concat([MAGIC, encodeMessageV2({ type: 'newVisitorConn' })])],
  ])('closes at once what begins with %s, with and without mux', async (_, bytes) => {
    const world = new World()
    const member = await world.serving({}, { wire: 2 })
    const bare = new Caller(world.toTurn())
    bare.link.write(bytes)
    const end = new RawEnd(world.toTurn(), world.clock, true)
    const stream = end.open()
    stream.stream.write(bytes)
    await settle()
    expect([bare.closed, stream.gone, end.closed, world.server.sessionCount]).toEqual([true, true, null, 1])
    member.client.end('done')
    end.mux.close('')
    await settle()
    expect([world.openLinks, world.clock.timerCount]).toEqual([0, 0])
  })

  test.each<[string, Buffer]>([
    ['two hellos', Buffer.concat([hello().first, hello().first.subarray(MAGIC.length)])],
    ['a work connection behind a hello', Buffer.concat([hello().first, encodeMessageV2({ type: 'newWorkConn', runId: 'r' })])],
  ])('answers a hello, and closes at %s', async (_, bytes) => {
    const world = new World()
    const caller = new Caller(world.toTurn())
    caller.link.write(bytes)
    await settle()
    expect([caller.closed, world.told.map(({ type }) => type)]).toEqual([true, ['session.opened', 'session.closed']])
  })

  test('says why it turns a hello down, and closes', async () => {
    const world = new World()
    const why = 'no supported crypto algorithm'
    const wish = { message: { codecs: ['json'] }, crypto: { algorithms: ['rot13'], clientRandom: random(32).toString('base64') } }
    const bytes = Buffer.concat([MAGIC, encodeFrame(1, Buffer.from(JSON.stringify({ capabilities: wish })))])
    const bare = new Caller(world.toTurn())
    bare.link.write(bytes)
    await settle()
    await world.clock.advance(1_000)
    expect(bare.received.subarray(8).toString()).toEqual(`{"selected":{"message":{},"crypto":{}},"error":"${why}"}`)
    expect([bare.closed, world.told]).toEqual([
      true,
      [
        { type: 'session.opened', session: 1, remote: expect.any(String) },
        { type: 'session.refused', session: 1, why },
        { type: 'session.closed', session: 1, why },
      ],
    ])
    const end = new RawEnd(world.toTurn(), world.clock, true)
    end.open().stream.write(bytes)
    await settle()
    expect([reasons(world), end.closed === null]).toEqual([[why, why], false])
    expect([world.openLinks, world.clock.timerCount]).toEqual([0, 0])
  })

  test('gives who stops behind the magic or the hello 5 s', async () => {
    const world = new World()
    const callers = [MAGIC, hello().first, hello().first.subarray(0, 60)].map((bytes) => {
      const caller = new Caller(world.toTurn())
      caller.link.write(bytes)
      return caller
    })
    await world.clock.advance(4_999)
    expect(callers.map(({ closed }) => closed)).toEqual([false, false, false])
    await world.clock.advance(1)
    expect([callers.map(({ closed }) => closed), world.openLinks, world.clock.timerCount]).toEqual([[true, true, true], 0, 0])
  })

  test('hears who has logged in, until a record is false: then that session ends', async () => {
    const world = new World()
    const other = await member(world, 'other')
    const { caller, answer, cipher, say } = await member(world)
    expect(answer).toEqual({
      type: 'message',
      message: { type: 'loginResp', version: '0.45.0', runId: 'r', error: '', moonwalk: '', moonwalkDatagrams: 0, moonwalkPorts: '' },
    })
    say({ type: 'newProxy', proxyName: 'web', proxyType: 'tcp', remotePort: 6000 })
    await settle()
    expect(world.ports.has(6000)).toEqual(true)
    const forged = cipher.encrypt(encodeMessageV2({ type: 'ping' }))
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
    caller.link.write(forged)
    await settle()
    expect(reasons(world)).toEqual(['undecryptable bytes on the control connection'])
    expect([caller.closed, other.caller.closed, world.ports.size]).toEqual([true, false, 0])
  })

  test('waits 10 s for the rest of a record', async () => {
    const world = new World()
    const { caller, cipher } = await member(world)
    caller.link.write(cipher.encrypt(encodeMessageV2({ type: 'ping' })).subarray(0, 20))
    await world.clock.advance(10_000)
    expect(reasons(world)).toEqual(['a control message broke off'])
  })

  test('ends a session that says a hello inside its records', async () => {
    const world = new World()
    const { caller, cipher } = await member(world)
    caller.link.write(cipher.encrypt(encodeFrame(1, Buffer.from('{}'))))
    await settle()
    expect(reasons(world)).toEqual(['unreadable control message: frame type 1 out of order'])
  })

  test('answers each work connection on the wire it came on', async () => {
    const world = new World()
    const { say } = await member(world)
    say({ type: 'newProxy', proxyName: 'web', proxyType: 'tcp', remotePort: 6000 })
    const bring = (bytes: Buffer) => {
      const caller = new Caller(world.toTurn())
      caller.link.write(bytes)
      return caller
    }
    const work: Outgoing = { type: 'newWorkConn', runId: 'r' }
    const [newer, older] = [bring(Buffer.concat([MAGIC, encodeMessageV2(work)])), bring(encodeMessage(work))]
    await settle()
    const users = [world.user(6000), world.user(6000)]
    users[0]?.link.write(Buffer.from('hi'))
    await settle()
    const reader = new MessageReaderV2()
    reader.push(newer.received)
    const started = reader.next()
    expect([started.type === 'message' && started.message.type, reader.takeRest()?.toString(), older.text[0]]).toEqual([
      'startWorkConn',
      'hi',
      's',
    ])
  })
})

/** A client of ours on wire v2 without mux, and what it dials answers `answer(hello payload)`. */
async function clientAt(answer: (hello: Buffer) => Buffer) {
  const world = new World()
  const { client, told } = world.client({
    mux: false,
    wire: 2,
    dialServer: async () => {
      const [near, other] = world.pair()
      other.on('error', () => {})
      other.on('end', () => other.end())
      other.on('data', (bytes) => {
        if (bytes[0] !== MAGIC[0]) return
        const length = bytes.readUInt32BE(MAGIC.length + 4)
        other.write(answer(bytes.subarray(MAGIC.length + 8, MAGIC.length + 8 + length)))
      })
      return { link: near, direct: false }
    },
  })
  client.start()
  await settle()
  return { world, told }
}

const helloFrame = (payload: Buffer): Buffer => encodeFrame(2, payload)

describe('a client', () => {
  test.each<[string, (hello: Buffer) => Buffer, string, boolean]>([
    ['turns its hello down', () => helloFrame(Buffer.from('{"error":"not today"}')), 'not today', true],
    [
      'picks another cipher',
      () => helloFrame(Buffer.from('{"selected":{"message":{"codec":"json"},"crypto":{"algorithm":"rot13"}}}')),
      'no answer to the login: the server picked a cipher that was not offered',
      false,
    ],
    ['answers on wire v1', () => encodeMessage({ type: 'loginResp' }), 'no answer to the login: unknown frame type 12544', false],
    [
      'refuses its login',
      (said) => Buffer.concat([helloFrame(answerHello(said, random).payload), encodeMessageV2({ type: 'loginResp', error: 'no' })]),
      'no',
      true,
    ],
    [
      'answers something else',
      (said) => Buffer.concat([helloFrame(answerHello(said, random).payload), encodeMessageV2({ type: 'pong' })]),
      'pong in answer to the login',
      false,
    ],
    [
      'says garbage behind the login',
      (said) => Buffer.concat([helloFrame(answerHello(said, random).payload), encodeMessageV2({ type: 'loginResp' }), Buffer.alloc(40)]),
      'undecryptable bytes on the control connection',
      false,
    ],
    [
      'has another token',
      (said) => {
        const { payload } = answerHello(said, random)
        const cipher = controlCipher({ token: 'other', randomBytes: random, transcript: transcriptOf(said, payload), client: false })
        return Buffer.concat([
          helloFrame(payload),
          encodeMessageV2({ type: 'loginResp' }),
          cipher.encrypt(encodeMessageV2({ type: 'pong' })),
        ])
      },
      'undecryptable bytes on the control connection',
      false,
    ],
  ])('whose TURN %s says so and ends', async (_, answer, why, refused) => {
    const { world, told } = await clientAt(answer)
    expect(told.at(-1)).toEqual({ type: 'client.closed', why, refused })
    expect([world.openLinks, world.clock.timerCount]).toEqual([0, 0])
  })
})
