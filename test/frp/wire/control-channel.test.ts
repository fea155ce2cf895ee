import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { MuxStream } from '../../../src/frp/mux/mux-contract.ts'
import { encodeMessage } from '../../../src/frp/wire/codec.ts'
import { ControlChannel } from '../../../src/frp/wire/control-channel.ts'
import { controlCipher } from '../../../src/frp/wire/control-cipher.ts'
import { Decrypter, Encrypter, streamKey } from '../../../src/frp/wire/crypto.ts'
import type { Message, Outgoing } from '../../../src/frp/wire/messages.ts'
import { wireOf } from '../../../src/frp/wire/wire.ts'
import { deadEnd } from '../dead-end.ts'
import { frpClock } from '../frp-clock.ts'

const KEY = streamKey('secret')
const IV = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')

function channel(stream: MuxStream) {
  const clock = frpClock()
  const heard: Message[] = []
  const failed: string[] = []
  const control = new ControlChannel(stream, {
    clock,
    wire: wireOf(1),
    cipher: controlCipher({ token: 'secret', randomBytes: () => IV, transcript: null, client: true }),
    onMessage: (message) => heard.push(message),
    onFail: (why) => failed.push(why),
  })
  return { clock, heard, failed, control }
}

const encrypted = (...messages: readonly Outgoing[]): Buffer =>
  new Encrypter(KEY, () => IV).encrypt(Buffer.concat(messages.map(encodeMessage)))

test('the IV goes out with the first message, and not before', () => {
  const stream = deadEnd()
  const { control } = channel(stream)
  control.start(null)
  expect(stream.written).toEqual([])
  control.send({ type: 'ping' })
  control.send({ type: 'reqWorkConn' })
  expect(stream.written.map((bytes) => bytes.toString('hex'))).toEqual([
    '000102030405060708090a0b0c0d0e0fdc0f8df813e99ddbfa42ac',
    '04f0f2fcbcfa24d56a0937',
  ])
})

test('messages are heard however the bytes are cut, the first of them behind the login answer', () => {
  const bytes = encrypted({ type: 'reqWorkConn' }, { type: 'newProxyResp', proxyName: 'web', remoteAddr: ':1' }, { type: 'pong' })
  const expected = [
    { type: 'reqWorkConn' },
    { type: 'newProxyResp', proxyName: 'web', remoteAddr: ':1', error: '' },
    { type: 'pong', error: '' },
  ]
  fc.assert(
    fc.property(fc.nat(bytes.length), fc.nat(bytes.length), (one, other) => {
      const [first, second] = [Math.min(one, other), Math.max(one, other)]
      const stream = deadEnd()
      const { control, heard, failed, clock } = channel(stream)
      control.start(bytes.subarray(0, first))
      stream.onBytes?.(bytes.subarray(first, second))
      stream.onBytes?.(bytes.subarray(second))
      expect([heard, failed, clock.timerCount]).toEqual([expected, [], 0])
    }),
  )
})

test('a message that breaks off ends the channel after 10 s, dripped or not', async () => {
  const bytes = encrypted({ type: 'reqWorkConn' }, { type: 'pong', error: 'a long enough text' })
  const stream = deadEnd()
  const { control, heard, failed, clock } = channel(stream)
  control.start(bytes.subarray(0, 30))
  await clock.advance(9_000)
  stream.onBytes?.(bytes.subarray(30, 31))
  await clock.advance(999)
  expect(failed).toEqual([])
  await clock.advance(1)
  expect([heard, failed, clock.timerCount, stream.onBytes]).toEqual([[{ type: 'reqWorkConn' }], ['a control message broke off'], 0, null])
})

test.each<[string, (stream: MuxStream) => void, string]>([
  ['the other end closes', (stream) => stream.onEnd?.(), 'the control connection was closed'],
  ['the stream is lost', (stream) => stream.onGone?.(), 'the control connection was lost'],
  [
    'it hears another key',
    (stream) => stream.onBytes?.(new Encrypter(streamKey('other'), () => IV).encrypt(encodeMessage({ type: 'pong' }))),
    'unreadable control message: unknown message type 65',
  ],
])('the channel fails once when %s, and says nothing more', (_, act, why) => {
  const stream = deadEnd()
  const { control, failed } = channel(stream)
  control.start(null)
  act(stream)
  control.send({ type: 'ping' })
  expect([failed, stream.written, stream.onEnd, stream.onGone]).toEqual([[why], [], null, null])
})

test('an end that takes no answers is left', () => {
  const stream = { ...deadEnd(), unsentBytes: (1 << 20) + 1 }
  const { control, failed } = channel(stream)
  control.send({ type: 'pong' })
  expect(failed).toEqual(['the other end does not read'])
})

test('what one end says the other decrypts', () => {
  const stream = deadEnd()
  channel(stream).control.send({ type: 'closeProxy', proxyName: 'ü' })
  expect(new Decrypter(KEY).decrypt(Buffer.concat(stream.written))).toEqual(encodeMessage({ type: 'closeProxy', proxyName: 'ü' }))
})
