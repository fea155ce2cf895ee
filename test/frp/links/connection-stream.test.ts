import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createConnectionStream } from '../../../src/frp/links/connection-stream.ts'
import { createRelay, relayLinks } from '../../../src/frp/links/relay.ts'
import { settle } from '../frp-clock.ts'
import { linkPair, openedOf } from '../link-pair.ts'
import { type LinkUser, sha1, userOf } from '../link-user.ts'
import { until } from '../mux-rig.ts'

function relayOf(direct: boolean, closeTogether: boolean, gather = false): { readonly near: LinkUser; readonly far: LinkUser } {
  const [a, near] = linkPair()
  const [b, far] = linkPair()
  if (direct) {
    const relay = createRelay({ a: gather, b: gather })
    relay.join(openedOf(a, relay.readerA), openedOf(b, relay.readerB), { closeTogether })
  } else relayLinks(a, b, { closeTogether })
  return { near: userOf(near), far: userOf(far) }
}

describe.each([
  ['by events', false, false],
  ['into its own buffers', true, false],
  ['into its own buffers, gathering records', true, true],
])('a relay that reads %s', (_, direct, gather) => {
  test('brings bytes over whole, both ways, and each direction ends on its own', async () => {
    const { near, far } = relayOf(direct, false, gather)
    const [there, back] = [randomBytes(3 << 20), randomBytes(5 << 20)]
    near.link.write(there)
    near.link.end()
    await until(() => far.ended)
    far.link.write(back)
    far.link.end()
    await until(() => near.closed && far.closed)
    expect([far.hash(), near.hash()]).toEqual([sha1(there), sha1(back)])
  })

  test('closes both ways when told that ends go together, once what was sent has arrived', async () => {
    const { near, far } = relayOf(direct, true, gather)
    near.link.write(Buffer.alloc(1 << 20))
    near.link.end()
    await until(() => near.ended && far.ended)
    expect([near.bytes, far.bytes]).toEqual([0, 1 << 20])
  })

  test('is not far ahead of a reader that takes nothing', async () => {
    const [a, near] = linkPair()
    const [b] = linkPair() // nobody reads at its far end
    const relay = createRelay()
    const joined = direct
      ? relay.join(openedOf(a, relay.readerA), openedOf(b, relay.readerB), { closeTogether: false })
      : relay.join({ link: a, direct: false }, { link: b, direct: false }, { closeTogether: false })
    near.write(Buffer.alloc(8 << 20))
    await settle(500)
    expect(joined.bytes().a).toBeLessThanOrEqual(2 << 20)
  })

  test('passes on a failure', async () => {
    const { near, far } = relayOf(direct, false, gather)
    near.link.destroy(new Error('gone'))
    await until(() => far.closed || far.ended)
  })
})

describe.each([
  ['events', false],
  ['its own buffers', true],
])('a stream that is a whole connection, read by %s', (_, direct) => {
  const start = (first: Buffer | null = null) => {
    const [own, turn] = linkPair()
    const stream = createConnectionStream({ tls: direct })
    const told: string[] = []
    stream.onBytes = (bytes) => told.push(bytes.toString())
    stream.onEnd = () => told.push('end')
    stream.onGone = () => told.push('gone')
    stream.start(openedOf(own, direct ? stream.reader() : null), first)
    return { stream, told, turn: userOf(turn) }
  }

  test('carries messages, the bytes read before them first', async () => {
    const { stream, told, turn } = start(Buffer.from('first'))
    turn.link.write(Buffer.from('second'))
    stream.write(Buffer.from('answer'))
    await until(() => told.length === 2 && turn.bytes === 6)
    turn.link.end()
    await until(() => told.length === 3)
    stream.end()
    await until(() => told.length === 4)
    expect([told, stream.bytesIn, stream.bytesOut]).toEqual([['first', 'second', 'end', 'gone'], 11, 6])
  })

  test('is joined to a link after its messages, and nothing is lost between', async () => {
    const { stream, told, turn } = start()
    stream.onBytes = null
    turn.link.write(Buffer.from('early '))
    await settle()
    const [inner, outer] = linkPair()
    const user = userOf(outer)
    user.link.write(Buffer.from('hello'))
    const opened = openedOf(inner, direct ? stream.reader() : null)
    await settle()
    stream.relay(opened.link, { direct, rest: Buffer.from('rest '), closeTogether: false })
    const bulk = randomBytes(2 << 20)
    turn.link.write(bulk)
    turn.link.end()
    await until(() => user.ended)
    user.link.write(bulk)
    user.link.end()
    await until(() => turn.ended && told.includes('gone'))
    expect(user.hash()).toEqual(sha1(Buffer.from('rest early '), bulk))
    expect(turn.hash()).toEqual(sha1(Buffer.from('hello'), bulk))
    expect([told, stream.bytesIn, stream.bytesOut]).toEqual([['gone'], 6 + (2 << 20), 5 + (2 << 20)])
  })

  test('ends both at once when reset', async () => {
    const { stream, told, turn } = start()
    const [inner, outer] = linkPair()
    const user = userOf(outer)
    stream.relay(openedOf(inner, direct ? stream.reader() : null).link, { direct, rest: null, closeTogether: true })
    stream.reset()
    await until(() => user.ended && turn.ended && told.length === 1)
    expect(told).toEqual(['gone'])
  })
})
