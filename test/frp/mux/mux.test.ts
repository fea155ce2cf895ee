import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Link } from '../../../src/frp/links/link.ts'
import type { MuxStream } from '../../../src/frp/mux/mux-contract.ts'
import { settle } from '../frp-clock.ts'
import { linkPair, openedOf } from '../link-pair.ts'
import { type LinkUser, sha1, userOf } from '../link-user.ts'
import { type End, muxPair, until } from '../mux-rig.ts'

/** Joins a stream to a new link, whose far end is the answer. */
function join(stream: MuxStream, options: { direct?: boolean; closeTogether?: boolean; rest?: Buffer } = {}): Link {
  const { direct = true, closeTogether = false, rest = null } = options
  const [inner, outer] = linkPair()
  const opened = openedOf(inner, direct ? stream.reader() : null)
  stream.relay(opened.link, { direct: opened.direct, rest, closeTogether })
  return outer
}

function opened(end: End): MuxStream {
  const stream = end.mux.open()
  if (stream === null) throw new Error('no stream')
  return stream
}

describe.each([
  ['read into its own buffers', { direct: true, gather: false }],
  ['gathering records', { direct: true, gather: true }],
  ['read by events', { direct: false, gather: false }],
])('a session whose link is %s', (_, choices) => {
  const direct = choices.direct

  test('carries messages both ways before anything is joined', async () => {
    const { client, server } = muxPair(choices)
    const told: string[] = []
    server.onStream = (stream) => {
      stream.onBytes = (bytes) => {
        told.push(`server ${bytes.toString()}`)
        stream.write(Buffer.from('welcome'))
      }
      stream.onEnd = () => stream.end()
    }
    const stream = opened(client)
    stream.onBytes = (bytes) => told.push(`client ${bytes.toString()}`)
    stream.onGone = () => told.push('client gone')
    stream.write(Buffer.from('login'))
    await until(() => told.length === 2)
    stream.end()
    await until(() => client.mux.streamCount === 0 && server.mux.streamCount === 0)
    expect(told).toEqual(['server login', 'client welcome', 'client gone'])
  })

  test('brings bytes over whole, both ways at once, through many streams', async () => {
    const { client, server } = muxPair(choices)
    server.onStream = (stream) => {
      const service = join(stream, { direct })
      service.on('data', (bytes) => service.write(Buffer.from(bytes)))
      service.on('end', () => service.end())
    }
    const users = [1, 12, 65_524, 65_525, 1 << 20, 9 << 20].map((size) => {
      const bytes = randomBytes(size)
      const user = userOf(join(opened(client), { direct }))
      user.link.write(bytes)
      user.link.end()
      return { user, bytes }
    })
    await until(() => users.every(({ user }) => user.ended))
    expect(users.map(({ user }) => user.hash())).toEqual(users.map(({ bytes }) => sha1(bytes)))
    await until(() => client.mux.streamCount + server.mux.streamCount === 0)
    expect([client.closed, server.closed]).toEqual([[], []])
  })

  test.each([
    ['the one that opened it', true],
    ['the one it came to', false],
  ])('passes on the end of one direction and leaves the other open: %s ends first', async (__, openerFirst) => {
    const { client, server } = muxPair(choices)
    const near = userOf(join(opened(client), { direct }))
    await until(() => server.streams.length === 1)
    const far = userOf(join(server.streams[0] as MuxStream, { direct }))
    const [first, second] = openerFirst ? [near, far] : [far, near]
    first.link.write(Buffer.from('the question'))
    first.link.end()
    await until(() => second.ended)
    second.link.write(Buffer.alloc(1 << 20))
    second.link.end()
    await until(() => first.ended && first.closed && second.closed)
    expect([first.bytes, second.bytes]).toEqual([1 << 20, 12])
    expect([client.mux.streamCount, server.mux.streamCount]).toEqual([0, 0])
  })

  test('closes both ways when told that ends go together, once what was sent has arrived', async () => {
    const { client, server } = muxPair(choices)
    const near = userOf(join(opened(client), { direct, closeTogether: true }))
    await until(() => server.streams.length === 1)
    const far = userOf(join(server.streams[0] as MuxStream, { direct, closeTogether: true }))
    near.link.write(Buffer.alloc(3 << 20))
    near.link.end()
    await until(() => far.closed || far.ended)
    await until(() => near.ended)
    far.link.end()
    await until(() => near.closed && far.closed)
    expect([near.bytes, far.bytes]).toEqual([0, 3 << 20])
    expect([client.mux.streamCount, server.mux.streamCount]).toEqual([0, 0])
  })

  test('hands on the rest of the messages first', async () => {
    const { client, server } = muxPair(choices)
    server.onStream = (stream) => {
      stream.onBytes = (bytes) => {
        far = userOf(join(stream, { direct, rest: bytes.subarray(3) }))
      }
    }
    let far = null as LinkUser | null
    const stream = opened(client)
    stream.write(Buffer.from('GO:abc'))
    await until(() => far !== null)
    stream.write(Buffer.from('def'))
    stream.end()
    await until(() => far?.ended === true)
    expect([far?.bytes, far?.hash()]).toEqual([6, sha1(Buffer.from('abcdef'))])
  })

  test('keeps what arrived before anyone listened', async () => {
    const { client, server } = muxPair(choices)
    const stream = opened(client)
    stream.write(Buffer.from('early'))
    stream.end()
    await until(() => server.streams.length === 1)
    await settle()
    const far = userOf(join(server.streams[0] as MuxStream, { direct }))
    await until(() => far.ended)
    expect(far.bytes).toEqual(5)
  })
})

test('a reader that takes nothing holds its window and no more, and delays nobody', async () => {
  const limits = { windowBytes: 1 << 20, windowMaxBytes: 1 << 20 }
  const { client, server } = muxPair({ limits })
  const lazy = join(opened(client)) // nobody reads from it
  const quick = userOf(join(opened(client)))
  await until(() => server.streams.length === 2)
  const [toLazy, toQuick] = server.streams as [MuxStream, MuxStream]
  const far = [join(toLazy), join(toQuick)] as const
  far[0].write(Buffer.alloc(8 << 20))
  far[1].write(Buffer.alloc(8 << 20))
  await until(() => quick.bytes === 8 << 20)
  await settle()
  expect(toLazy.bytesOut).toBeGreaterThanOrEqual(1 << 20)
  expect(toLazy.bytesOut).toBeLessThanOrEqual((1 << 20) + (512 << 10)) // what the link itself takes was read
  const late = userOf(lazy)
  await until(() => late.bytes === 8 << 20)
})

test('a reset reaches the joined link of the other end, and the session lives on', async () => {
  const { client, server } = muxPair()
  const stream = opened(client)
  const near = userOf(join(stream))
  await until(() => server.streams.length === 1)
  const far = userOf(join(server.streams[0] as MuxStream))
  near.link.destroy(new Error('gone'))
  await until(() => far.closed || far.ended)
  await until(() => client.mux.streamCount + server.mux.streamCount === 0)
  expect([client.closed, server.closed]).toEqual([[], []])
})

test('ending a session ends every stream in it, once, at both ends', async () => {
  const { client, server } = muxPair()
  const told: string[] = []
  const streams = [opened(client), opened(client)]
  for (const stream of streams) stream.onGone = () => told.push(`near ${stream.id}`)
  server.onStream = (stream) => {
    stream.onGone = () => told.push(`far ${stream.id}`)
  }
  const near = userOf(join(streams[0] as MuxStream))
  await until(() => server.streams.length === 2)
  const far = userOf(join(server.streams[0] as MuxStream))
  client.mux.close('enough')
  await until(() => told.length === 4 && server.closed.length === 1)
  await until(() => (near.ended || near.closed) && (far.ended || far.closed))
  expect(told.toSorted()).toEqual(['far 1', 'far 3', 'near 1', 'near 3'])
  expect([client.closed, client.mux.streamCount, server.mux.streamCount, client.mux.open()]).toEqual([['enough'], 0, 0, null])
  client.mux.close('again')
  expect(client.closed).toEqual(['enough'])
})

test('bytes that came to their end before the session did still reach the user', async () => {
  const { client, server } = muxPair()
  const near = userOf(join(opened(client)))
  await until(() => server.streams.length === 1)
  const stream = server.streams[0] as MuxStream
  stream.write(Buffer.alloc(200_000))
  stream.end()
  await settle(3)
  await until(() => near.bytes > 0)
  server.mux.close('bye')
  await until(() => near.ended)
  expect(near.bytes).toEqual(200_000)
})

test('counts the payload of a stream both ways', async () => {
  const { client, server } = muxPair()
  const stream = opened(client)
  stream.onBytes = () => {}
  server.onStream = (other) => {
    other.onBytes = () => other.write(Buffer.alloc(300_000))
  }
  stream.write(Buffer.alloc(100))
  await until(() => stream.bytesIn === 300_000)
  expect([stream.bytesOut, server.streams[0]?.bytesIn, server.streams[0]?.bytesOut]).toEqual([100, 100, 300_000])
})

test('what is said in one tick is one write, and a large frame goes behind it', async () => {
  const { client, server } = muxPair()
  const write = client.link.write.bind(client.link)
  const writes: number[] = []
  client.link.write = (bytes, done) => {
    writes.push(bytes.length)
    return write(bytes, done)
  }
  const heard: number[] = []
  server.onStream = (stream) => {
    stream.onBytes = (bytes) => heard.push(bytes.length)
  }
  const [first, second] = [opened(client), opened(client)]
  first.write(Buffer.from('what is asked for'))
  second.write(Buffer.from('and this'))
  await until(() => heard.length === 2)
  first.write(Buffer.from('small'))
  first.write(Buffer.alloc(8_192))
  await until(() => heard.length === 4)
  const said = [12 + 12 + (12 + 17) + (12 + 8), 12 + 5, 12 + 8_192]
  expect([writes, heard]).toEqual([said, [17, 8, 5, 8_192]])
})

test('what was said in the tick that ends a session is sent', async () => {
  const { client, server } = muxPair()
  const heard: string[] = []
  server.onStream = (stream) => {
    stream.onBytes = (bytes) => heard.push(bytes.toString())
  }
  opened(client).write(Buffer.from('the last word'))
  client.mux.close('nobody uses it')
  await until(() => server.closed.length === 1)
  expect(heard).toEqual(['the last word'])
})
