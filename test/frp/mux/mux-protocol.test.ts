import { describe, expect, test } from 'vitest'
import { HEADER_BYTES, putHeader } from '../../../src/frp/mux/yamux-frame.ts'
import { settle } from '../frp-clock.ts'
import { linkPair, openedOf } from '../link-pair.ts'
import { type End, muxAndWire, muxPair, until } from '../mux-rig.ts'

const hex = (type: number, flags: number, id: number, length: number): string => {
  const bytes = Buffer.alloc(HEADER_BYTES)
  putHeader(bytes, type, flags, id, length)
  return bytes.toString('hex')
}
const open = (id: number): string => hex(1, 1, id, 0)
const say = (id: number, text: string, flags = 0): string => hex(0, flags, id, text.length) + Buffer.from(text).toString('hex')
const WINDOW = 6_029_312

describe('what a session answers', () => {
  test.each([
    ['a ping is answered with its own number', hex(2, 1, 0, 7), ['ping ack 0 7']],
    ['a stream is acknowledged with the window beyond the first 256 KiB', open(1), [`window ack 1 +${WINDOW}`]],
    ['a stream may be opened by its first data', say(1, 'hi', 1), [`window ack 1 +${WINDOW}`]],
    [
      'frames of streams nobody knows are drained',
      say(99, 'abc') + hex(1, 0, 99, 5) + hex(1, 4, 99, 0) + hex(2, 1, 0, 1),
      ['ping ack 0 1'],
    ],
    ['a goodbye ends nothing', hex(3, 0, 0, 0) + hex(2, 1, 0, 2), ['ping ack 0 2']],
    [
      'a second end is overlooked',
      open(1) + hex(1, 4, 1, 0) + hex(1, 4, 1, 0) + hex(2, 1, 0, 3),
      [`window ack 1 +${WINDOW}`, 'ping ack 0 3'],
    ],
    [
      'data after the end is overlooked',
      open(1) + hex(1, 4, 1, 0) + say(1, 'late') + hex(2, 1, 0, 3),
      [`window ack 1 +${WINDOW}`, 'ping ack 0 3'],
    ],
  ])('%s', async (_, bytes, expected) => {
    const { end, sent, say } = muxAndWire()
    say(bytes)
    await settle()
    expect([sent, end.closed]).toEqual([expected, []])
  })

  test.each([
    ['a stream opened twice', open(1) + open(1), 'stream 1 opened twice'],
    ["a stream with a number of the wrong end's", open(2), "stream 2 is not the other end's to open"],
    ['stream 0', open(0), "stream 0 is not the other end's to open"],
    ['more data than the credit', open(1) + hex(0, 0, 1, (6 << 20) + 1), 'stream 1 sent more than its credit'],
    ['another version', '01000000000000010000000000', 'yamux version 1'],
    ['an unknown type', hex(4, 0, 0, 0), 'yamux frame type 4'],
  ])('%s breaks the protocol: the other end is told, and the session ends', async (_, bytes, why) => {
    const { end, sent, say } = muxAndWire()
    say(bytes)
    await until(() => end.closed.length > 0)
    await settle()
    expect([sent.at(-1), end.closed, end.mux.streamCount, end.link.destroyed]).toEqual(['goaway 0 1', [`protocol error: ${why}`], 0, true])
  })

  test.each([1, 2])('a goodbye with code %i ends the session', async (code) => {
    const { end, say } = muxAndWire()
    say(hex(3, 0, 0, code))
    await until(() => end.closed.length > 0)
    expect(end.closed).toEqual([`the other end ended the session with code ${code}`])
  })

  test('after a goodbye no stream is opened, and those that are open live on', async () => {
    const { end, sent, say } = muxAndWire({ client: true })
    const stream = end.mux.open()
    say(hex(1, 2, 1, 0) + hex(3, 0, 0, 0))
    await settle()
    stream?.write(Buffer.from('still'))
    await settle()
    expect([end.mux.open(), sent]).toEqual([null, [`window syn 1 +${WINDOW}`, 'data 1 "still"']])
  })

  test('after its own goodbye a session takes no new stream', async () => {
    const { end, sent, say } = muxAndWire()
    end.mux.goAway()
    say(open(1))
    await settle()
    expect([sent, end.streams.length]).toEqual([['goaway 0 0', 'window rst 1 +0'], 0])
  })
})

describe('the end of a stream', () => {
  async function openStream(): Promise<ReturnType<typeof muxAndWire> & { readonly told: string[] }> {
    const rig = muxAndWire()
    const told: string[] = []
    rig.end.onStream = (stream) => {
      stream.onBytes = (bytes) => told.push(bytes.toString())
      stream.onEnd = () => told.push('end')
      stream.onGone = () => told.push('gone')
    }
    rig.say(open(1))
    await until(() => rig.sent.length === 1)
    rig.sent.length = 0
    return { ...rig, told }
  }

  test('is said once, and nothing is said after it', async () => {
    const { end, sent } = await openStream()
    const [stream] = end.streams
    stream?.write(Buffer.from('last'))
    stream?.end()
    stream?.end()
    stream?.write(Buffer.from('never'))
    await settle()
    expect(sent).toEqual(['data 1 "last"', 'window fin 1 +0'])
  })

  test('waits until credit has come for what was written before', async () => {
    const { end, sent, say } = await openStream()
    end.streams[0]?.write(Buffer.alloc((256 << 10) + 3))
    end.streams[0]?.end()
    await settle()
    expect(sent).toEqual(Array(4).fill('data 1 65536 bytes'))
    say(hex(1, 0, 1, 10))
    await settle()
    expect(sent.slice(4)).toEqual(['data 1 "\\u0000\\u0000\\u0000"', 'window fin 1 +0'])
  })

  test('may come with the last data', async () => {
    const { end, told, say: send } = await openStream()
    send(say(1, 'bye', 4))
    await until(() => told.length === 2)
    end.streams[0]?.end()
    expect([told, end.mux.streamCount]).toEqual([['bye', 'end', 'gone'], 0])
  })

  test('as a reset ends both ways at once', async () => {
    const { end, told, sent, say } = await openStream()
    say(hex(1, 8, 1, 0))
    await until(() => told.length > 0)
    end.streams[0]?.write(Buffer.from('x'))
    end.streams[0]?.end()
    end.streams[0]?.reset()
    await settle()
    expect([told, sent, end.mux.streamCount]).toEqual([['gone'], [], 0])
  })

  test('of our own may be a reset after the end was said', async () => {
    const { end, told, sent } = await openStream()
    end.streams[0]?.end()
    end.streams[0]?.reset()
    await settle()
    expect([told, sent]).toEqual([['gone'], ['window fin 1 +0', 'window rst 1 +0']])
  })

  test('that the other end never answers is a reset after 5 minutes without a byte', async () => {
    const { end, told, sent, clock, say: send } = await openStream()
    end.streams[0]?.end()
    clock.pass(299_000)
    send(say(1, 'more'))
    await until(() => told.length === 1)
    clock.pass(2_000)
    await settle()
    expect(sent).toEqual(['window fin 1 +0'])
    clock.pass(300_000)
    await settle()
    expect([sent, told]).toEqual([
      ['window fin 1 +0', 'window rst 1 +0'],
      ['more', 'gone'],
    ])
  })
})

describe('signs of life', () => {
  const choices = { keepaliveMs: 30_000, silenceMs: 10_000 }

  test('a silent peer ends the session', async () => {
    const { end, sent, clock } = muxAndWire(choices)
    clock.pass(39_999)
    await settle()
    expect([sent, end.closed]).toEqual([['ping syn 0 1'], []])
    clock.pass(1)
    expect([end.closed, end.mux.closed]).toEqual([['silent for 40000 ms'], true])
  })

  test('any byte after the ping will do', async () => {
    const { end, sent, clock, say } = muxAndWire(choices)
    for (let round = 1; round <= 5; round++) {
      clock.pass(30_000)
      say(hex(1, 0, 77, 0).slice(0, 2 * round)) // not even a whole frame
      await settle()
    }
    expect([sent.length, end.closed]).toEqual([5, []])
  })

  test('two sessions keep each other alive, measure the way, and leave no timer behind', async () => {
    const { client, server, clock } = muxPair(choices)
    for (let round = 0; round < 10; round++) {
      clock.pass(30_000)
      await settle()
    }
    expect([client.closed, server.closed, client.mux.rttMs]).toEqual([[], [], 0])
    client.mux.close('done')
    await until(() => server.closed.length === 1)
    await settle()
    expect(clock.timerCount).toEqual(0)
  })

  test('pings are told their round trips, each its own', async () => {
    const { client, clock } = muxPair(choices)
    const told: number[] = []
    for (let count = 0; count < 3; count++) {
      client.mux.ping((rttMs) => told.push(rttMs))
      clock.pass(5)
    }
    await settle()
    expect([told, client.mux.rttMs]).toEqual([[15, 10, 5], 5])
    client.mux.close('done')
    client.mux.ping((rttMs) => told.push(rttMs))
    await settle()
    expect(told).toEqual([15, 10, 5])
  })

  test('a peer that is silent while bulk of ours waits has 10 s: its answer may stand behind all of it', async () => {
    const { end, clock, wire } = muxAndWire({ client: true, keepaliveMs: 2_000, silenceMs: 2_500 })
    const stream = end.mux.open()
    wire.pause()
    stream?.write(Buffer.alloc(200_000))
    await settle()
    clock.pass(11_999)
    expect(end.closed).toEqual([])
    clock.pass(1)
    expect(end.closed).toEqual(['silent for 12000 ms'])
  })

  test('keepalive intervals that are set later count from then on', async () => {
    const { end, clock } = muxAndWire(choices)
    clock.pass(29_000)
    end.mux.setKeepalive(2_000, 2_500)
    clock.pass(4_499)
    expect(end.closed).toEqual([])
    clock.pass(1)
    expect(end.closed).toEqual(['silent for 4500 ms'])
  })

  test('a stream that is never acknowledged ends the session after 75 s', async () => {
    const { end, clock } = muxAndWire({ client: true })
    end.mux.open()
    clock.pass(74_999)
    expect(end.closed).toEqual([])
    clock.pass(1)
    expect(end.closed).toEqual(['stream 1 was not acknowledged'])
  })

  test('an acknowledged one does not', async () => {
    const { end, clock, say } = muxAndWire({ client: true })
    end.mux.open()
    say(hex(1, 2, 1, 0))
    await settle()
    clock.pass(1_000_000)
    expect(end.closed).toEqual([])
  })
})

describe('an acknowledgement', () => {
  test('rides in front of what is sent next', async () => {
    const { end, clock, sent, say } = muxAndWire({ limits: { ackDelayMs: 20 } })
    say(open(1) + open(3))
    await settle()
    expect([sent, clock.timerCount]).toEqual([[], 1])
    end.streams[1]?.write(Buffer.from('hi'))
    await settle()
    expect([sent, clock.timerCount]).toEqual([[`window ack 1 +${WINDOW}`, `window ack 3 +${WINDOW}`, 'data 3 "hi"'], 0])
  })

  test('goes alone when nothing else is said in time', async () => {
    const { clock, sent, say } = muxAndWire({ limits: { ackDelayMs: 20 } })
    say(open(1))
    await settle()
    clock.pass(20)
    await settle()
    expect([sent, clock.timerCount]).toEqual([[`window ack 1 +${WINDOW}`], 0])
  })
})

describe('limits', () => {
  const many = (count: number): string => Array.from({ length: count }, (_, i) => open(2 * i + 1)).join('')

  test('streams that are joined to nothing are bounded: one more is reset', async () => {
    const { end, sent, say } = muxAndWire({ limits: { maxWaitingStreams: 3 } })
    say(many(4))
    await until(() => sent.length === 4)
    expect([end.mux.streamCount, sent.at(-1)]).toEqual([3, 'window rst 7 +0'])
    const [inner] = linkPair()
    end.streams[0]?.relay(inner, { direct: false, rest: null, closeTogether: false })
    say(open(9))
    await until(() => sent.length === 5)
    expect([end.mux.streamCount, sent.at(-1)]).toEqual([4, `window ack 9 +${WINDOW}`])
  })

  test('all streams are bounded, at both ends', async () => {
    const { end, sent, say } = muxAndWire({ limits: { maxStreams: 2 } })
    say(many(3))
    await until(() => sent.length === 3)
    expect([end.mux.streamCount, sent.at(-1), end.mux.open()]).toEqual([2, 'window rst 5 +0', null])
  })

  test('no stream is opened while too many wait to be acknowledged', async () => {
    const { end, say } = muxAndWire({ client: true, limits: { maxWaitingStreams: 2 } })
    expect([end.mux.open()?.id, end.mux.open()?.id, end.mux.open()]).toEqual([1, 3, null])
    say(hex(1, 2, 1, 0))
    await settle()
    expect(end.mux.open()?.id).toEqual(5)
  })

  test('windows beyond the budget of the session stay at 256 KiB', async () => {
    const { sent, say } = muxAndWire({ limits: { windowBudgetBytes: 13 << 20 } })
    say(many(4))
    await until(() => sent.length === 4)
    expect(sent).toEqual([`window ack 1 +${WINDOW}`, `window ack 3 +${WINDOW}`, 'window ack 5 +0', 'window ack 7 +0'])
  })

  test('a window grows while its reader keeps up, and not for a slow one', async () => {
    const limits = { windowBytes: 256 << 10, windowMaxBytes: 1 << 20 }
    const credits = async (pauseMs: number): Promise<string[]> => {
      const { end, sent, clock, say } = muxAndWire({ limits })
      end.onStream = (stream) => {
        stream.onBytes = () => {}
      }
      say(open(1))
      await until(() => sent.length === 1)
      for (let half = 0; half < 4; half++) {
        clock.pass(pauseMs)
        say(hex(0, 0, 1, 128 << 10) + '00'.repeat(128 << 10))
        await settle(20)
      }
      return sent.slice(1)
    }
    expect(await credits(10)).toEqual(['window 1 +393216', 'window 1 +786432'])
    expect(await credits(2000)).toEqual(Array(4).fill('window 1 +131072'))
  })

  test('a session that holds too much loses the stream that holds most', async () => {
    const limits = { windowBytes: 1 << 20, heldMaxBytes: 1 << 20 }
    const { end, sent, say: send } = muxAndWire({ limits })
    send(open(1) + open(3))
    await until(() => end.streams.length === 2)
    for (const stream of end.streams) {
      const [inner] = linkPair() // its far end is read by nobody
      stream.relay(openedOf(inner, null).link, { direct: false, rest: null, closeTogether: false })
    }
    send(hex(0, 0, 1, 400 << 10) + '00'.repeat(400 << 10))
    send(hex(0, 0, 3, 900 << 10) + '00'.repeat(900 << 10))
    await until(() => sent.includes('window rst 3 +0'))
    expect([end.mux.streamCount, end.closed]).toEqual([1, []])
  })

  test('answers that nobody reads end the session', async () => {
    const [near, far] = linkPair()
    const rig = muxAndWire({ limits: { controlMaxBytes: 24 << 10 } })
    near.destroy()
    far.destroy()
    rig.wire.pause()
    for (let round = 0; round < 40 && rig.end.closed.length === 0; round++) {
      rig.say(hex(2, 1, 0, 1).repeat(1000))
      await settle(5)
    }
    expect(rig.end.closed).toEqual(['the other end does not read'])
  })
})

test.each<[string, (end: End) => void, string]>([
  ['ends', (end) => end.link.destroy(), 'connection closed'],
  ['fails', (end) => end.link.destroy(new Error('read ETIMEDOUT')), 'read ETIMEDOUT'],
])('a session whose link %s says so', async (_, strike, why) => {
  const { end } = muxAndWire()
  strike(end)
  await until(() => end.closed.length > 0)
  expect(end.closed).toEqual([why])
})

test('a session whose other end hangs up says so', async () => {
  const { end, wire } = muxAndWire()
  wire.end()
  await until(() => end.closed.length > 0)
  expect(end.closed).toEqual(['the other end closed the connection'])
})
