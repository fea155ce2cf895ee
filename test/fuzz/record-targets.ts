// Signed records that somebody forged, altered or kept: none may change a table. What an owner said and nobody has heard yet is the
// only thing that may.
import type { PeerRecord } from '../../src/domain/record.ts'
import { identityFromSeed } from '../../src/io/disk/identity.ts'
import { claimOf, open, recordOf, seal } from '../../src/v2/envelope.ts'
import { EMPTY_TABLE, type IpTable, merge, recordBurst } from '../domain/pure-table.ts'
import type { Target } from './campaign.ts'
import { type Chance, damaged, oneOf } from './chance.ts'

const owners = [1, 2, 3].map((seed) => identityFromSeed(Buffer.alloc(32, seed)))
const [ash, elm, oak] = owners as [(typeof owners)[0], (typeof owners)[0], (typeof owners)[0]]
type Owner = typeof ash

/** The count that everybody knows by now. */
const KNOWN = 100
const addressOf = (owner: Owner): string => `192.0.2.${owners.indexOf(owner) + 1}:8088`
const say = (owner: Owner, seq: number, address: string | null = addressOf(owner)): string =>
  seal(owner, { name: 'n', address, seq, via: null, offersTurn: true, left: false })
const said = new Map<string, string>()
/** Signed once for all that ask for the same. */
const sayAs = (signer: Owner, body: unknown, domain = 'moonwalk record\n'): string => {
  const text = JSON.stringify(body)
  const kept = said.get(signer.id + domain + text)
  if (kept !== undefined) return kept
  const sealed = JSON.stringify({ body: text, key: signer.publicKey, sig: signer.sign(new TextEncoder().encode(domain + text)) })
  said.set(signer.id + domain + text, sealed)
  return sealed
}
const bodyOf = (owner: Owner, seq: number, address = '198.51.100.1:1024') => ({
  ...{ id: owner.id, name: 'n', address, seq, via: null, turn: true, left: false },
})

/** Ash stands proven in it, elm has said goodbye, and oak was never heard of. */
const TABLE: IpTable = (() => {
  const record = (owner: Owner, seq: number): PeerRecord => {
    const envelope = say(owner, seq)
    const word = open(envelope, oak)
    const read = word && recordOf(word, envelope, null)
    if (!read) throw new Error('it is genuine')
    return read
  }
  let table = merge(EMPTY_TABLE, [record(ash, KNOWN), record(elm, KNOWN)], 0).table
  for (const { id } of [ash, elm]) table = recordBurst(table, id, { type: 'answered', rttMs: 1 }, 0, id).table
  return merge(table, [{ ...record(elm, KNOWN), seq: KNOWN + 1, left: true }], 0).table
})()

/** What may be believed. */
export const NEWS = [say(ash, KNOWN + 1), say(elm, KNOWN + 2), say(oak, 1)] as const
const parts = (envelope: string): { body: string; key: string; sig: string } => JSON.parse(envelope)
const OLD = [1, 50, 99, KNOWN].flatMap((seq) => [say(ash, seq), say(elm, seq), say(ash, seq, null), say(elm, seq, null)]) as [
  string,
  ...string[],
]
const PARTS = ['body', 'key', 'sig'] as const
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
] as const
/** The order of the group: a signature with it added to its second half is the same to careless readers. */
const ORDER = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n

/** Each makes one that nobody may believe. */
const FORGERIES: readonly [(pick: Chance) => string, ...((pick: Chance) => string)[]] = [
  // Bits turned, pieces left out, doubled or written over.
  (pick) => damaged(pick, Buffer.from(oneOf(pick, NEWS))).toString('latin1'),
  (pick) => flipped(pick, oneOf(pick, NEWS)),
  (pick) =>
    JSON.stringify({
      ...parts(oneOf(pick, NEWS)),
      [oneOf(pick, PARTS)]: parts(oneOf(pick, OLD))[oneOf(pick, PARTS)],
    }),
  // What is replayed, also by one that has no address and was met at another.
  (pick) => oneOf(pick, OLD),
  // The same count again, with other words.
  (pick) => sayAs(ash, bodyOf(ash, 1 + pick(KNOWN))),
  // Signed by another, or for another purpose.
  (pick) => sayAs(oneOf(pick, [elm, oak]), bodyOf(ash, KNOWN + 1 + pick(1_000))),
  (pick) => JSON.stringify({ ...parts(sayAs(oak, bodyOf(ash, KNOWN + 1 + pick(1_000)))), key: ash.publicKey }),
  (pick) =>
    sayAs(
      ash,
      bodyOf(ash, KNOWN + 1 + pick(1_000)),
      oneOf(pick, ['', 'moonwalk echo\n', 'moonwalk record', 'moonwalk record\n\n', 'Moonwalk record\n']),
    ),
  // Keys that anybody can sign for.
  (pick) => {
    const key = Buffer.from(oneOf(pick, SMALL_ORDER), 'hex')
    if (pick(2) === 0) key[31] = (key[31] ?? 0) | 0x80
    const publicKey = key.toString('base64url')
    const body = JSON.stringify({ ...bodyOf(ash, 1 + pick(1_000)), id: ash.idOf(publicKey) })
    return JSON.stringify({ body, key: publicKey, sig: Buffer.concat([key, Buffer.alloc(32)]).toString('base64url') })
  },
  // One text for two readers.
  (pick) => {
    const { body, key, sig } = parts(oneOf(pick, NEWS))
    const twice = oneOf(pick, ['body', 'key', 'sig'] as const)
    return `{"${twice}":${JSON.stringify(pick(2) === 0 ? parts(oneOf(pick, OLD))[twice] : 'x')},${JSON.stringify({ body, key, sig }).slice(1)}`
  },
  (pick) => oneOf(pick, NEWS).replace('{', `{"${'x'.repeat(pick(9))}":${pick(9)},`),
  (pick) => oneOf(pick, [' ', '\n', '\t', '']) + oneOf(pick, NEWS).replace(':', oneOf(pick, [' :', ': ', ':\n'])),
  (pick) => {
    const { body, key, sig } = parts(oneOf(pick, NEWS))
    const more = `"seq":${KNOWN + pick(1_000)}`
    return JSON.stringify({ body: pick(2) === 0 ? body.replace('}', `,${more}}`) : body.replace('{', `{${more},`), key, sig })
  },
  // Other spellings of the same bytes.
  (pick) => {
    const genuine = parts(oneOf(pick, NEWS))
    const which = oneOf(pick, ['key', 'sig'] as const)
    const text = genuine[which]
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const spelled = oneOf(pick, [
      `${text}=`,
      `${text}==`,
      ` ${text}`,
      `${text.slice(0, 9)}\n${text.slice(9)}`,
      text.slice(0, -1) + last[pick(64)],
    ])
    return JSON.stringify({ ...genuine, [which]: spelled === text ? `${text}=` : spelled })
  },
  (pick) => {
    const genuine = parts(oneOf(pick, NEWS))
    const sig = Buffer.from(genuine.sig, 'base64url')
    const second = BigInt(`0x${Buffer.from(sig.subarray(32)).reverse().toString('hex')}`) + ORDER
    Buffer.from(second.toString(16).padStart(64, '0'), 'hex').reverse().copy(sig, 32)
    return JSON.stringify({ ...genuine, sig: sig.toString('base64url') })
  },
  // More than fits, in bytes.
  (pick) => sayAs(ash, { ...bodyOf(ash, KNOWN + 1), extra: '\u4e00'.repeat(260 + pick(80)) }),
]

function flipped(pick: Chance, text: string): string {
  const bytes = Buffer.from(text)
  for (let count = 1 + pick(3); count > 0; count--) {
    const at = pick(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << pick(8))
  }
  return bytes.toString('latin1')
}

/** Whether it changes the table, whoever brings it and whenever. */
export function changesTable(text: string): boolean {
  claimOf(text)
  const word = open(text, oak)
  const records = word === null ? [] : [null, '198.51.100.9:1024'].map((heardAt) => recordOf(word, text, heardAt))
  return records.some(
    (record) =>
      record !== null &&
      (merge(TABLE, [record], 1).changes.length > 0 || merge(TABLE, [record], 23 * 3_600_000, 'firsthand').changes.length > 0),
  )
}

export const recordTargets: readonly Target[] = [
  {
    name: 'records that nobody may believe',
    inputs: 150_000, // each costs a signature or two; `MOONWALK_FUZZ=1000000` tries a million
    input: (pick) => Buffer.from(oneOf(pick, FORGERIES)(pick), 'utf8'),
    maxBytes: 0,
    feed: (pieces) => {
      const text = Buffer.concat([...pieces]).toString('utf8')
      return changesTable(text) && !NEWS.some((genuine) => genuine === text) ? text.length : 0
    },
  },
]
