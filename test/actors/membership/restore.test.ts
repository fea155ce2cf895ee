import { expect, test } from 'vitest'
import { restoredRows } from '../../../src/actors/membership/restore.ts'
import type { AddressPolicy } from '../../../src/domain/address.ts'
import type { StoredRow } from '../../../src/p2prc/table-file.ts'
import { NO_P2PRC_FIELDS } from '../../../src/p2prc/wire-table.ts'
import { seal } from '../../../src/v2/envelope.ts'
import { newIdentity } from '../../v2/identities.ts'

const me = newIdentity()
const ash = newIdentity()
const AT = '192.0.2.1:8088'
const word = (address: string | null = AT, signer = ash) =>
  seal(signer, { name: 'ash', address, seq: 7, via: null, offersTurn: true, left: false })
const ROW: StoredRow = {
  id: null,
  name: 'pc',
  host: '192.0.2.1',
  port: 8_088,
  latency: 12.5,
  download: null,
  upload: 40,
  speedAt: null,
  lastSeen: '2029-12-31T00:00:00.000Z',
  envelope: null,
  p2prc: NO_P2PRC_FIELDS,
}
const SIGNED: StoredRow = { ...ROW, id: ash.id, name: 'ash', envelope: word(), p2prc: null }

const restored = (row: StoredRow, policy: AddressPolicy = 'lan') => restoredRows([row], me, me.id, policy)

test('a row that its owner signed is the word of its owner, with what the file says of it', () =>
  expect(restored(SIGNED)).toEqual([
    {
      record: {
        id: ash.id,
        name: 'ash',
        address: AT,
        seq: 7,
        via: null,
        offersTurn: true,
        left: false,
        envelope: SIGNED.envelope,
        p2prc: null,
      },
      stored: { latencyMs: 12.5, downMbps: null, upMbps: 40, speedAtMs: null, lastSeen: '2029-12-31T00:00:00.000Z', silentSinceMs: null },
      written: null,
    },
  ]))

test.each<[string, StoredRow, string, string | null]>([
  ['that nobody signed', ROW, 'pc at 192.0.2.1:8088', null],
  ['without a name', { ...ROW, name: '' }, '192.0.2.1:8088 at 192.0.2.1:8088', null],
  ['whose signature does not hold', { ...SIGNED, envelope: word().replace('ash', 'oak') }, 'ash at 192.0.2.1:8088', null],
  ['whose address a person has changed', { ...SIGNED, host: '192.0.2.2' }, 'ash at 192.0.2.2:8088', null],
  ['whose port a person has changed', { ...SIGNED, port: 9_000 }, 'ash at 192.0.2.1:9000', null],
  ['with a host name', { ...SIGNED, host: 'ash.example' }, 'ash at ash.example:8088', 'ash.example:8088'],
  ['with a host name in capitals', { ...ROW, host: 'PC.Example' }, 'pc at pc.example:8088', 'pc.example:8088'],
  ['with an IPv6 address', { ...ROW, host: '2a00:0::1' }, 'pc at [2a00::1]:8088', null],
  ['that this node has signed', { ...ROW, envelope: word(AT, me) }, 'pc at 192.0.2.1:8088', null],
])('a row %s is an address to look at', (_, row, expected, written) => {
  const [found] = restored(row)
  expect(found && [`${found.record.name} at ${found.record.address}`, found.record.id, found.record.envelope, found.written]).toEqual([
    expected,
    null,
    null,
    written,
  ])
})

test('a word that names no address stands for the address of its row', () =>
  expect(restored({ ...SIGNED, envelope: word(null) })[0]?.record.id).toEqual(ash.id))

test("a P2PRC row's fields are kept", () => expect(restored(ROW)[0]?.record.p2prc).toEqual(NO_P2PRC_FIELDS))

test.each<[string, StoredRow, AddressPolicy]>([
  ['this node itself', { ...ROW, id: me.id }, 'lan'],
  ['no address', { ...ROW, host: '127.1' }, 'any'],
  ['port 0', { ...ROW, port: 0 }, 'any'],
  ['an address that may not be contacted', { ...ROW, host: '127.0.0.1' }, 'lan'],
  ['a private address where only public ones may be', ROW, 'public'],
])('%s is left out', (_, row, policy) => expect(restored(row, policy)).toEqual([]))
