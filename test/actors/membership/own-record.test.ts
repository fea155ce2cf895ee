import { expect, test } from 'vitest'
import { createOwnRecord, type OwnRecord } from '../../../src/actors/membership/own-record.ts'
import { open } from '../../../src/v2/envelope.ts'
import { SeededRandom } from '../../sim/chance.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import { newIdentity } from '../../v2/identities.ts'

const identity = newIdentity()
const start = (own: Partial<Parameters<typeof createOwnRecord>[1]> = {}, seed = 1) => {
  const clock = new VirtualClock()
  const ports = { clock, identity, random: new SeededRandom(seed) }
  return { clock, own: createOwnRecord(ports, { name: 'me', offersTurn: true, advertise: null, ...own }) }
}
const said = (own: OwnRecord) => open(own.envelope(), identity)
const EPOCH = VirtualClock.epochMs

test('its first word says that it does not know its address', () =>
  expect(said(start().own)).toEqual({ id: identity.id, name: 'me', address: null, seq: EPOCH, via: null, offersTurn: true, left: false }))

test('each change is a word of its own, counted by the wall clock, and above the one before in the same instant', async () => {
  const { clock, own } = start()
  const changes = [own.announce('192.0.2.1:1', null), own.announce('192.0.2.1:1', null), own.announce('192.0.2.7:20000', 'f'.repeat(32))]
  expect([changes, own.seq()]).toEqual([[true, false, true], EPOCH + 2])
  await clock.advance(5_000)
  own.announce(null, null)
  expect([own.seq(), own.address(), own.record()]).toEqual([EPOCH + 5_000, null, null])
})

test('behind a TURN it offers none', () => {
  const { own } = start()
  own.announce('192.0.2.7:20000', 'f'.repeat(32))
  expect([said(own)?.offersTurn, own.record()?.offersTurn, said(own)?.via, own.via()]).toEqual([
    false,
    false,
    'f'.repeat(32),
    'f'.repeat(32),
  ])
})

test('its record is its word', () => {
  const { own } = start()
  own.announce('192.0.2.1:1', null)
  expect(own.record()).toEqual({
    id: identity.id,
    name: 'me',
    address: '192.0.2.1:1',
    seq: EPOCH + 1,
    via: null,
    offersTurn: true,
    left: false,
    envelope: own.envelope(),
    p2prc: null,
  })
})

test('a farewell is its last word', () => {
  const { own } = start()
  own.announce('192.0.2.1:1', null)
  const word = open(own.farewell(), identity)
  expect([word?.left, word?.address, word?.seq]).toEqual([true, '192.0.2.1:1', EPOCH + 2])
})

test('words of an earlier run are outrun', () => {
  const { own } = start()
  own.outrun(EPOCH + 1_000)
  const first = own.seq()
  own.outrun(7)
  expect([first, own.seq(), said(own)?.seq]).toEqual([EPOCH + 1_001, EPOCH + 1_002, EPOCH + 1_002])
})

test('it knows its last 32 words again, and no other', () => {
  const { own } = start()
  const words = [own.envelope()]
  for (let i = 0; i < 32; i++) {
    own.outrun(0)
    words.push(own.envelope())
  }
  expect([words.map((word) => own.hasSaid(word)), own.hasSaid(start().own.envelope())]).toEqual([[false, ...Array(32).fill(true)], false])
})

test('every run has a name of its own', () => {
  const runs = [1, 2].map((seed) => start({}, seed).own.run)
  expect([runs.map((run) => /^[0-9a-f]{16}$/.test(run)), runs[0] === runs[1]]).toEqual([[true, true], false])
})

test.each<[string, Partial<Parameters<typeof createOwnRecord>[1]>, number | null, string | null]>([
  ['nothing to advertise', {}, 8_088, null],
  ['a host, with its port', { advertise: '192.0.2.1' }, 8_088, '192.0.2.1:8088'],
  ['an IPv6 host, with its port', { advertise: '2a00::1' }, 8_088, '[2a00::1]:8088'],
  ['a name, with its port', { advertise: 'me.example' }, 8_088, 'me.example:8088'],
  ['an address', { advertise: '192.0.2.1:443' }, 8_088, '192.0.2.1:443'],
  ['a host, where it does not listen', { advertise: '192.0.2.1' }, null, null],
])('it is told %s', (_, options, port, expected) => {
  const { own } = start(options)
  if (port !== null) own.setListening({ host: '0.0.0.0', port })
  expect([own.advertised(), own.listenPort()]).toEqual([expected, port])
})

test.each<[string, (own: OwnRecord) => void, string | null]>([
  ['nowhere while it does not listen', () => {}, null],
  ['by loopback, where it listens on all addresses', (own) => own.setListening({ host: '0.0.0.0', port: 1 }), '127.0.0.1:1'],
  ['by loopback, where it listens on all IPv6 addresses', (own) => own.setListening({ host: '::', port: 1 }), '127.0.0.1:1'],
  ['where it listens', (own) => own.setListening({ host: '192.0.2.1', port: 1 }), '192.0.2.1:1'],
  [
    'by its public address behind a TURN',
    (own) => {
      own.setListening({ host: '0.0.0.0', port: 1 })
      own.announce('192.0.2.7:20000', 'f'.repeat(32))
    },
    null,
  ],
])('it reaches itself %s', (_, happen, expected) => {
  const { own } = start()
  happen(own)
  expect(own.localAddress()).toEqual(expected)
})
