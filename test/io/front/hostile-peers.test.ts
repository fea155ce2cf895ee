// Strangers who mean harm, on real sockets, at the public port of a TURN that carries somebody else's tunnel meanwhile: each
// is out within 10 s, nobody else notices, and nothing of them is left.
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FLAG, FRAME, frameHeader } from '../../../src/frp/mux/yamux-frame.ts'
import { encodeMessage } from '../../../src/frp/wire/codec.ts'
import { encodeFrame, MAGIC } from '../../../src/frp/wire/wire-v2-frame.ts'
import { login } from '../../frp/raw-end.ts'
import { connected, secured, someBytes } from '../loopback.ts'
import { eventually, isWhole, startTurn, type Turn } from '../turn-rig.ts'

let turn: Turn
beforeEach(async () => {
  turn = await startTurn(500)
})
afterEach(() => turn.close())

const SYN = frameHeader(FRAME.window, FLAG.syn, 1, 0)
const data = (id: number, body: Buffer): Buffer => Buffer.concat([frameHeader(FRAME.data, 0, id, body.length), body])
const hex = (digits: string): Buffer => Buffer.from(digits, 'hex')
const OVERSIZED = hex('6f0000000000002801')
const NEGATIVE = hex('6fffffffffffffffff')
const garbage = (first: number): Buffer => Buffer.concat([Buffer.from([first]), someBytes(3_000)])
const floodOfStreams = Buffer.concat(Array.from({ length: 10_000 }, (_, count) => frameHeader(FRAME.window, FLAG.syn, 1 + 2 * count, 0)))

describe('out within 10 s is who', () => {
  test.each<[string, Buffer]>([
    ['says nothing', Buffer.alloc(0)],
    ['says garbage', garbage(0xee)],
    ['says garbage as yamux', garbage(0x00)],
    ['says garbage as a login', garbage(0x6f)],
    ['says garbage as a work connection', garbage(0x77)],
    ['says garbage as wire v2', garbage(0x46)],
    ['says garbage as TLS', garbage(0x16)],
    ['says garbage as announced TLS', garbage(0x17)],
    ['sends a message over the limit', OVERSIZED],
    ['sends a message of negative length', NEGATIVE],
    ['sends a message over the limit on a stream', Buffer.concat([SYN, data(1, OVERSIZED)])],
    ['sends a message of negative length on a stream', Buffer.concat([SYN, data(1, NEGATIVE)])],
    ['sends a frame of wire v2 over the limit', Buffer.concat([MAGIC, hex('0001000000010001')])],
    ['stalls within a login', encodeMessage(login()).subarray(0, 40)],
    ['stalls within a login on a stream', Buffer.concat([SYN, data(1, encodeMessage(login()).subarray(0, 40))])],
    ['stalls within a hello', Buffer.concat([MAGIC, encodeFrame(1, Buffer.alloc(500)).subarray(0, 100)])],
    ['stalls within a yamux header', SYN.subarray(0, 5)],
    ['stalls within a TLS handshake', hex('16030100fa010000f60303')],
    ['ends a stream twice', Buffer.concat([SYN, frameHeader(FRAME.window, FLAG.fin, 1, 0), frameHeader(FRAME.window, FLAG.fin, 1, 0)])],
    ['sends more than its credit', Buffer.concat([SYN, frameHeader(FRAME.data, 0, 1, 0x7fffffff)])],
    ['opens 10,000 streams', floodOfStreams],
    ['opens a stream twice', Buffer.concat([SYN, SYN])],
    ['wants a pool of less than nothing, and says garbage then', Buffer.concat([encodeMessage(login({ poolCount: -5 })), someBytes(500)])],
  ])('%s', async (_, bytes) => {
    const socket = await connected(turn.port)
    const closed = gone(socket)
    socket.write(bytes)
    expect(await isWhole(turn.tunnelPort)).toBe(true)
    expect(await out(closed)).toBe(true)
    expect(await isWhole(turn.tunnelPort)).toBe(true)
    expect(await turn.atRest()).toEqual(turn.before)
  })

  test('says nothing inside TLS', async () => {
    const closed = gone(await secured(turn.port))
    expect(await isWhole(turn.tunnelPort)).toBe(true)
    expect(await out(closed)).toBe(true)
    expect(await isWhole(turn.tunnelPort)).toBe(true)
    expect(await turn.atRest()).toEqual(turn.before)
  })

  test('asks for answers and reads none', async () => {
    const socket = await connected(turn.port)
    const closed = gone(socket).then(() => true)
    socket.pause()
    const pings = Buffer.concat(Array.from({ length: 5_000 }, (_, id) => frameHeader(FRAME.ping, FLAG.syn, 0, id)))
    socket.write(SYN)
    const flooding = (async () => {
      for (let count = 0; count < 1_000 && !socket.destroyed; count++) await new Promise((resolve) => socket.write(pings, resolve))
    })()
    expect(await isWhole(turn.tunnelPort)).toBe(true)
    expect(await eventually(() => turn.now().pendingLogins === 0)).toBe(true) // long before its 10 s are over: they have not begun
    await turn.clock.advance(10_000)
    socket.destroy()
    await Promise.all([closed, flooding])
    expect(await isWhole(turn.tunnelPort)).toBe(true)
    expect(await turn.atRest()).toEqual(turn.before)
  }, 60_000)
})

/** The other end is through with it. */
function gone(socket: Socket): Promise<true> {
  socket.on('error', () => {}).on('end', () => socket.destroy())
  if (!socket.readableFlowing) socket.resume()
  return new Promise((resolve) => socket.once('close', () => resolve(true)))
}

/** Ended at once, or when the TURN's 10 s were over. */
async function out(closed: Promise<true>): Promise<boolean> {
  let ended = false
  void closed.then(() => {
    ended = true
  })
  await turn.clock.advance(10_000)
  return eventually(() => ended)
}
