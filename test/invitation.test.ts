import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Invitation, MAX_INVITATION_ADDRESSES, readInvitation, writeInvitation } from '../src/invitation.ts'

const hex = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((all) => Buffer.from(all).toString('hex'))
const host = fc.oneof(
  fc.ipV4(),
  fc
    .ipV6()
    .map((text) => new URL(`http://[${text}]/`).hostname)
    .filter((text) => !text.startsWith('[::ffff:')),
  fc.constantFrom('ash', 'birch.example.org', `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`),
)
const address = fc.tuple(host, fc.integer({ min: 1, max: 65_535 })).map(([at, port]) => `${at}:${port}`)
const invitations: fc.Arbitrary<Invitation> = fc.record({
  secret: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((all) => Buffer.from(all).toString('base64url')),
  addresses: fc.array(fc.record({ id: hex(16), address }), { maxLength: MAX_INVITATION_ADDRESSES }),
})

const SECRET = Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('base64url')
const PLAIN: Invitation = {
  secret: SECRET,
  addresses: [
    { id: 'ab'.repeat(16), address: '203.0.113.7:8088' },
    { id: 'cd'.repeat(16), address: '[2001:db8::1]:443' },
  ],
}
const WORD = writeInvitation(PLAIN)
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

test('an invitation has one spelling, which says all of it', () => {
  expect(writeInvitation({ secret: SECRET, addresses: [] })).toEqual('mw1.AAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4faZys2w')
  fc.assert(
    fc.property(invitations, (invitation) => {
      const word = writeInvitation(invitation)
      expect(readInvitation(word)).toEqual({ type: 'invitation', invitation })
      expect(word).toMatch(/^mw1\.[\w-]{50,1506}$/)
    }),
  )
})

test('white space around it does no harm, and addresses beyond the fourth are left out', () => {
  const many = Array.from({ length: 6 }, (_, i) => ({ id: 'ab'.repeat(16), address: `203.0.113.${i}:8088` }))
  expect(readInvitation(` ${writeInvitation({ secret: SECRET, addresses: many })}\n`)).toEqual({
    type: 'invitation',
    invitation: { secret: SECRET, addresses: many.slice(0, 4) },
  })
})

describe('what differs is refused', () => {
  test('every single changed character', () => {
    for (let at = 0; at < WORD.length; at++)
      for (const letter of [...ALPHABET, '.', ' ', 'é', ':'])
        if (letter !== WORD[at]) expect(readInvitation(WORD.slice(0, at) + letter + WORD.slice(at + 1)).type).not.toEqual('invitation')
  })

  test('every cut, which is told as one from the end', () => {
    for (let length = 0; length < WORD.length; length++) {
      expect(readInvitation(WORD.slice(WORD.length - length)).type).not.toEqual('invitation')
      const cut = readInvitation(WORD.slice(0, length))
      if (length < 3) expect(cut).toEqual({ type: 'other' })
      else expect(cut).toEqual({ type: 'refused', text: expect.stringContaining('cut short') })
    }
  })

  test('any change of any invitation', () => {
    fc.assert(
      fc.property(invitations, fc.nat(), fc.constantFrom(...ALPHABET), (invitation, place, letter) => {
        const word = writeInvitation(invitation)
        const at = 4 + (place % (word.length - 4))
        fc.pre(word[at] !== letter)
        expect(readInvitation(word.slice(0, at) + letter + word.slice(at + 1)).type).toEqual('refused')
      }),
    )
  })
})

test.each([
  ['mistyped', `${WORD.slice(0, 30)}${WORD[30] === 'A' ? 'B' : 'A'}${WORD.slice(31)}`, 'a character of it differs'],
  ['with something behind', `${WORD}AAAA`, 'a character of it differs'],
  ['without its beginning', WORD.slice(2), 'a character of it differs'],
  ['broken into two lines', `${WORD.slice(0, 30)}\n${WORD.slice(30)}`, 'a space or a line break'],
  ['of a later version', WORD.replace('mw1', 'mw2'), 'of another version (mw2)'],
])('one that is %s is told as such, without its secret', (_, word, clause) => {
  const read = readInvitation(word)
  expect(read).toEqual({ type: 'refused', text: expect.stringContaining(clause) })
  expect(JSON.stringify(read)).not.toContain(WORD.slice(10, 25))
})

test.each(['203.0.113.7:8088', 'ash', 'ash.example.org', 'frp://token@203.0.113.7:7000', 'http://ash/', '', '[::1]:80'])(
  '%j is no invitation at all',
  (text) => expect(readInvitation(text)).toEqual({ type: 'other' }),
)
