import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressOf } from '../../src/domain/address.ts'
import { cleanName, isId, MAX_ENVELOPE_BYTES, type OwnWord, open, parseObject, recordOf, seal } from '../../src/v2/envelope.ts'
import { newIdentity } from './identities.ts'

const ash = newIdentity()
const elm = newIdentity()
const WORD: Omit<OwnWord, 'id'> = { name: 'ash', address: '192.0.2.1:8088', seq: 7, via: null, offersTurn: true, left: false }

const vouchOf = (by: string) => ({ by: by.repeat(32), atS: 1_790_000_000, sig: by.repeat(86) })

const signed = (body: unknown, by = ash) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return JSON.stringify({ body: text, key: by.publicKey, sig: by.sign(new TextEncoder().encode(`moonwalk record\n${text}`)) })
}
const BODY = { id: ash.id, name: 'ash', address: '192.0.2.1:8088', seq: 7, via: null, turn: true, left: false }

test.each<[string, Omit<OwnWord, 'id'>]>([
  ['as it is', WORD],
  ['without an address', { ...WORD, address: null }],
  ['through a TURN', { ...WORD, via: elm.id, offersTurn: false }],
  ['through a P2PRC node', { ...WORD, via: '192.0.2.9:8088', offersTurn: false }],
  ['through a stock frps', { ...WORD, via: 'frp://frps.example:7000', offersTurn: false }],
  ['through several TURNs', { ...WORD, via: elm.id, offersTurn: false, alsoAt: ['192.0.2.9:20000', 'turn.example.org:20001'] }],
  ['in parting', { ...WORD, left: true }],
  ['with domains', { ...WORD, domains: ['https:www.example.org', 'http:*.example.org'] }],
  ['with vouches', { ...WORD, vouches: ['a', 'b', 'c'].map(vouchOf) }],
])('a word %s opens as it was sealed', (_, word) => expect(open(seal(ash, word), elm)).toEqual({ id: ash.id, ...word }))

test('whatever a node is called and wherever it is, its word fits and opens as it was sealed', () =>
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.oneof(fc.domain(), fc.ipV6()),
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      (name, host, seq) => {
        const word = { ...WORD, name, address: addressOf(host, 65_535), seq, via: elm.id }
        expect(open(seal(ash, word), elm)).toEqual({ id: ash.id, ...word, name: cleanName(name) })
      },
    ),
  ))

test('the longest word there is fits', () => {
  const address = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}:65535`
  const word = { ...WORD, name: '\\'.repeat(64), address, seq: Number.MAX_SAFE_INTEGER, via: elm.id }
  expect(open(seal(ash, word), elm)).toEqual({ id: ash.id, ...word })
})

test('further addresses for which there is no room are left out, the last first', () => {
  const long = (letter: string): string => `${Array.from({ length: 4 }, () => letter.repeat(60)).join('.')}:65535`
  const alsoAt = ['a', 'b', 'c'].map(long)
  const word = open(seal(ash, { ...WORD, address: long('x'), via: elm.id, alsoAt }), elm)
  expect(word?.alsoAt).toEqual(alsoAt.slice(0, 1))
})

test.each<[string, unknown]>([
  ['one too many', ['192.0.2.2:1', '192.0.2.2:2', '192.0.2.2:3', '192.0.2.2:4']],
  ['the first again', ['192.0.2.1:8088']],
  ['one twice', ['192.0.2.2:1', '192.0.2.2:1']],
  ['no address', ['192.0.2.2']],
  ['no text', [7]],
  ['no list', '192.0.2.2:1'],
])('a word whose further addresses are %s is none', (_, also) => expect(open(signed({ ...BODY, also }), elm)).toEqual(null))

test('a name that is too long in bytes is cut, so that the word fits', () => {
  const address = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}:65535`
  const sealed = seal(ash, { ...WORD, name: '\u{1f319}'.repeat(64), address, via: `frp://${address}` })
  expect([Buffer.byteLength(sealed) <= MAX_ENVELOPE_BYTES, Buffer.byteLength(sealed) > MAX_ENVELOPE_BYTES - 4]).toEqual([true, true])
  expect(open(sealed, elm)).toEqual({ id: ash.id, ...WORD, name: open(sealed, elm)?.name, address, via: `frp://${address}` })
})

test('domains that have no room are left out, and the name stays whole', () => {
  const address = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}:65535`
  const domains = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `https:${letter.repeat(60)}.example.org`)
  const word = { ...WORD, name: 'n'.repeat(64), address, via: elm.id }
  const sealed = seal(ash, { ...word, domains })
  expect(Buffer.byteLength(sealed)).toBeLessThanOrEqual(MAX_ENVELOPE_BYTES)
  expect(open(sealed, elm)).toEqual({ id: ash.id, ...word, domains: domains.slice(0, 4) })
})

test('vouches that have no room are left out before anything else', () => {
  const domains = Array.from({ length: 5 }, (_, i) => `https:${'x'.repeat(60)}${i}.example.org`)
  const word = { ...WORD, domains, vouches: ['a', 'b', 'c'].map(vouchOf) }
  const opened = open(seal(ash, word), elm)
  expect([opened?.domains, (opened?.vouches ?? []).length]).toEqual([domains, 2])
})

test.each<[string, unknown, readonly unknown[] | undefined]>([
  ['what is no vouch', ['x', 7, null, 'a'.repeat(114)], undefined],
  ['more than three', Array(5).fill(`${'A'.repeat(22)}${'1'.repeat(6)}${'c'.repeat(86)}`), [1, 2, 3]],
  ['no list', 'abc', undefined],
])('of vouches in a record %s says nothing', (_, vouches, read) =>
  expect(open(signed({ ...BODY, vouches }), elm)?.vouches?.length).toEqual(read?.length),
)

test('without an address vouches say nothing', () => {
  const { vouches: _, ...word } = { ...WORD, address: null, vouches: [vouchOf('a')] }
  expect(open(seal(ash, { ...word, vouches: [vouchOf('a')] }), elm)).toEqual({ id: ash.id, ...word })
})

test('what is no domain in a record says nothing', () => {
  const domains = ['http:www.example.org', 'www.example.org', 3, ...Array(10).fill('http:a.org')]
  expect(open(signed({ ...BODY, domains }), elm)?.domains).toEqual(['http:www.example.org', ...Array(5).fill('http:a.org')])
  expect(open(signed({ ...BODY, domains: 'http:www.example.org' }), elm)).toEqual({ id: ash.id, ...WORD })
})

test.each([
  ['and one byte more', MAX_ENVELOPE_BYTES + 1, null],
  ['exactly', MAX_ENVELOPE_BYTES, 7],
])('an envelope may be 1 KiB long in bytes, not in characters: %s', (_, bytes, seq) => {
  const pad = (count: number) => signed({ ...BODY, pad: '\u4e00'.repeat(Math.floor(count / 3)) + 'x'.repeat(count % 3) })
  const text = pad(bytes - Buffer.byteLength(pad(0)))
  expect([Buffer.byteLength(text), text.length < MAX_ENVELOPE_BYTES, open(text, elm)?.seq ?? null]).toEqual([bytes, true, seq])
})

test.each<[string, string]>([
  ['a key twice', `{"body":"x",${signed(BODY).slice(1)}`],
  ['one more key', signed(BODY).replace('{', '{"x":1,')],
  ['another order', JSON.stringify({ sig: '', ...parseObject(signed(BODY)) })],
  ['spaces', ` ${signed(BODY)}`],
])('a genuine word in an envelope with %s is not what its owner wrote', (_, text) => expect(open(text, elm)).toEqual(null))

test.each<[string, unknown]>([
  ['no text', 7],
  ['no JSON', 'ash'],
  ['a list', '[]'],
  ['parts missing', JSON.stringify({ body: JSON.stringify(BODY), key: ash.publicKey })],
  ["another's id", signed({ ...BODY, id: elm.id })],
  ["another's signature", JSON.stringify({ ...parseObject(signed(BODY)), sig: elm.sign(new TextEncoder().encode('x')) })],
  ["another's key", JSON.stringify({ ...parseObject(signed(BODY)), key: elm.publicKey })],
  ['a body changed afterwards', JSON.stringify({ ...parseObject(signed(BODY)), body: JSON.stringify({ ...BODY, seq: 8 }) })],
  ['a key that is none', JSON.stringify({ ...parseObject(signed(BODY)), key: '' })],
  ['a signature that is none', JSON.stringify({ ...parseObject(signed(BODY)), sig: '!' })],
  ['more than fits', `${signed(BODY)}${' '.repeat(MAX_ENVELOPE_BYTES)}`],
  ['a body that is no object', signed('[]')],
  ['an id that is none', signed({ ...BODY, id: 'ASH' })],
  ['no name', signed({ ...BODY, name: null })],
  ['a count of 0', signed({ ...BODY, seq: 0 })],
  ['a count with a fraction', signed({ ...BODY, seq: 1.5 })],
  ['a count beyond counting', signed({ ...BODY, seq: 1e300 })],
  ['a count as text', signed({ ...BODY, seq: '7' })],
  ['a TURN that is none', signed({ ...BODY, via: 'elm' })],
  ['an address that is none', signed({ ...BODY, address: '127.1:80' })],
  ['an address of the wrong type', signed({ ...BODY, address: 80 })],
  ['no address where null is meant', signed({ ...BODY, address: undefined })],
])('an envelope with %s is not genuine', (_, text) => expect(open(text, elm)).toEqual(null))

test('an odd but genuine word is read in canonical form', () =>
  expect(
    open(signed({ ...BODY, name: ' a\u0000sh\u202e ', address: 'ASH.Example.:08088', turn: 1, left: 'yes', extra: true }), elm),
  ).toEqual({
    id: ash.id,
    name: 'ash',
    address: 'ash.example:8088',
    seq: 7,
    via: null,
    offersTurn: false,
    left: false,
  }))

test('whatever the text is, opening it does not throw', () =>
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void expect(open(text, elm)).toBeNull())))

test.each([
  ['its own address', '192.0.2.1:8088', '192.0.2.9:1', '192.0.2.1:8088'],
  ['the address where it was met', null, '192.0.2.9:1', '192.0.2.9:1'],
])('a word becomes a record at %s', (_, address, heardAt, expected) =>
  expect(recordOf({ id: ash.id, ...WORD, address }, 'ENVELOPE', heardAt)).toEqual({
    id: ash.id,
    name: 'ash',
    address: expected,
    seq: 7,
    via: null,
    offersTurn: true,
    left: false,
    envelope: 'ENVELOPE',
    p2prc: null,
  }),
)

test('a word without any address is no record', () =>
  expect(recordOf({ id: ash.id, ...WORD, address: null }, 'ENVELOPE', null)).toEqual(null))

test.each([
  ['ash', 'ash'],
  ['  ash\n', 'ash'],
  ['a\u0007\u001b[31ms\u2028h', 'a[31msh'],
  ['', 'unnamed'],
  [' \u200b ', 'unnamed'],
  ['x'.repeat(65), 'x'.repeat(64)],
  [`${'x'.repeat(63)} y`, 'x'.repeat(63)],
  [`${'x'.repeat(63)}\u{1f319}\u{1f319}`, `${'x'.repeat(63)}\u{1f319}`],
  ['\u{1f319}'.repeat(65), '\u{1f319}'.repeat(64)],
  ['a\ud83d', 'a'],
])('the name %j is shown as %j', (name, expected) => expect(cleanName(name)).toEqual(expected))

test('a clean name stays as it is', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (name) => void expect(cleanName(cleanName(name))).toEqual(cleanName(name))),
  ))

test.each([
  ['0123456789abcdef0123456789abcdef', true],
  ['0123456789ABCDEF0123456789abcdef', false],
  ['0123456789abcdef0123456789abcde', false],
  ['0123456789abcdef0123456789abcdef\n', false],
  ['', false],
])('%j is an id: %s', (text, expected) => expect(isId(text)).toEqual(expected))
