import { Duplex } from 'node:stream'
import { type ConnectionOptions, connect } from 'node:tls'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clientHelloOf, MAX_HELLO_BYTES } from '../../../src/frp/web/client-hello.ts'

/** What Node's own TLS begins with. */
async function helloOf(options: ConnectionOptions): Promise<Buffer> {
  const written: Buffer[] = []
  const socket = new Duplex({
    read: () => {},
    write: (bytes: Buffer, _, done) => {
      written.push(bytes)
      done()
    },
  })
  const client = connect({ socket, ...options }).on('error', () => {})
  await new Promise((resolve) => setImmediate(resolve))
  client.destroy()
  return Buffer.concat(written)
}

const record = (body: Uint8Array): Buffer => Buffer.concat([Buffer.from([0x16, 3, 1, body.length >> 8, body.length & 255]), body])

/** The same message in records of at most that many bytes. */
function inRecords(hello: Buffer, bytes: number): Buffer {
  const message = hello.subarray(5)
  const count = Math.ceil(message.length / bytes)
  return Buffer.concat(Array.from({ length: count }, (_, i) => record(message.subarray(i * bytes, (i + 1) * bytes))))
}

const MANY = Array.from({ length: 400 }, (_, i) => `protocol-${i}`)

describe.each([
  ['TLS 1.3', { servername: 'web.example.org' }, []],
  ['TLS 1.2', { servername: 'web.example.org', maxVersion: 'TLSv1.2' }, []],
  ['many protocols', { servername: 'web.example.org', ALPNProtocols: MANY }, MANY],
] as const)('the hello of %s', (_, options, protocols) => {
  const NAMED = { type: 'hello', name: 'web.example.org', protocols }
  test('names its server once it is whole, and asks for more at every byte before', async () => {
    const hello = await helloOf({ ...options })
    const answers = Array.from({ length: hello.length }, (_, i) => clientHelloOf(hello.subarray(0, i)).type)
    expect([new Set(answers), clientHelloOf(hello)]).toEqual([new Set(['more']), NAMED])
    expect(clientHelloOf(Buffer.concat([hello, Buffer.from('more than the hello')]))).toEqual(NAMED)
  })
})

test('a hello may be spread over records, though not over very many', async () => {
  const hello = await helloOf({ servername: 'web.example.org', maxVersion: 'TLSv1.2' })
  const spread = [16_384, 100, Math.ceil((hello.length - 5) / 16)].map((bytes) => clientHelloOf(inRecords(hello, bytes)))
  expect([spread, clientHelloOf(inRecords(hello, 1))]).toEqual([
    Array(3).fill({ type: 'hello', name: 'web.example.org', protocols: [] }),
    { type: 'unknown' },
  ])
})

test('a hello may name nobody', async () => {
  expect(clientHelloOf(await helloOf({ servername: '' }))).toEqual({ type: 'hello', name: null, protocols: [] })
  expect(
    clientHelloOf(record(Buffer.concat([Buffer.from([1, 0, 0, 41, 3, 1]), Buffer.alloc(32), Buffer.from([0, 0, 2, 0, 47, 1, 0])]))),
  ).toEqual({ type: 'hello', name: null, protocols: [] })
})

test.each([
  ['another kind of record', Buffer.from([0x17, 3, 3, 0, 1, 0])],
  ['another protocol', Buffer.from([0x16, 2, 0, 0, 1, 1])],
  ['an empty record', Buffer.from([0x16, 3, 1, 0, 0])],
  ['a record that is too long', Buffer.from([0x16, 3, 1, 0x40, 1])],
  ['another message', record(Buffer.from([2, 0, 0, 1, 0]))],
  ['a hello that is too long', record(Buffer.from([1, 0, 0x40, 1, 3, 3]))],
  ['a hello of lengths that do not fit', record(Buffer.concat([Buffer.from([1, 0, 0, 40]), Buffer.alloc(40, 0xff)]))],
  ['something else within the hello', Buffer.concat([record(Buffer.from([1, 0, 0, 9, 3])), Buffer.from([0x15, 3, 1, 0, 2, 2, 40])])],
  ['records up to the limit', record(Buffer.concat([Buffer.from([1, 0, 0x40, 0]), Buffer.alloc(MAX_HELLO_BYTES - 9)]))],
])('%s is not looked through', (_, bytes) => expect(clientHelloOf(bytes)).toEqual({ type: 'unknown' }))

describe('whatever comes', () => {
  test('as random bytes behind the first', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(['more', 'hello', 'unknown']).toContain(clientHelloOf(Buffer.concat([Buffer.from([0x16]), bytes])).type)
      }),
      { numRuns: 20_000 },
    )
  })

  test('as a hello with bytes changed or cut away: a name that is told stands in it', async () => {
    const hello = await helloOf({ servername: 'web.example.org' })
    const changes = fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(changes, fc.nat(hello.length), (bytes, cut) => {
        const changed = Buffer.from(hello)
        for (const [at, byte] of bytes) changed[at] = byte
        const found = clientHelloOf(changed.subarray(0, cut))
        if (found.type === 'hello' && found.name !== null) expect(changed.toString('latin1')).toContain(found.name)
      }),
      { numRuns: 20_000 },
    )
  })

  test('it asks for no more than 16 KiB', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), (bytes) => {
        const long = Buffer.alloc(MAX_HELLO_BYTES, Buffer.concat([Buffer.from([0x16, 3, 1, 0x40, 0, 1, 0, 0x3f]), bytes]))
        expect(clientHelloOf(long).type).not.toEqual('more')
      }),
      { numRuns: 2_000 },
    )
  })
})
