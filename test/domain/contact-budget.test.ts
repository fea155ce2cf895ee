import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Contacts, failContact, refundContacts, takeContact } from '../../src/domain/contact-budget.ts'
import { CONTACT_WINDOW, MOST_CONTACT_BYTES, MOST_CONTACTS } from '../../src/domain/timings.ts'

const A = '192.0.2.1:1024'
const B = '192.0.2.1:1025'

/** A letter a step: `a` and `b` try an address, `x` fails the oldest that is open, `A` proves the first, `-` lets the time go by. What each try came to. */
function play(steps: string, bytes = 100): string {
  let contacts: Contacts = []
  let atMs = 0
  let number = 0
  let told = ''
  for (const step of steps) {
    if (step === '-') atMs += CONTACT_WINDOW
    else if (step === '.') atMs += CONTACT_WINDOW - 1
    else if (step === 'A') contacts = refundContacts(contacts, A)
    else if (step === 'x') contacts = failContact(contacts, contacts.find(({ isOpen }) => isOpen)?.number ?? 0)
    else {
      const outcome = takeContact(contacts, { number: ++number, address: step === 'a' ? A : B, atMs, bytes })
      if (outcome.type === 'granted') contacts = outcome.contacts
      told += { granted: '+', wait: '?', refused: '-' }[outcome.type]
    }
  }
  return told
}

test.each([
  ['three are tried at once, and the fourth waits for what they come to', 'aaba', '+++?'],
  ['once all have failed there is none for ten minutes', 'axaxbxb', '+++-'],
  ['nor a moment before', 'axaxbx.b', '+++-'],
  ['and then there are three again', 'axaxbx-bbbb', '++++++?'],
  ['one that is open does not lapse', 'aab-b', '+++?'],
  ['an address that proves itself gives back all that was counted for it', 'axabAabbb', '+++++??'],
  ['another address at that IP gives nothing back', 'bxbxbxAa', '+++-'],
])('%s', (_, steps, told) => expect(play(steps)).toEqual(told))

test.each([
  [MOST_CONTACT_BYTES, 'axa', '+-'],
  [MOST_CONTACT_BYTES / 2, 'axaxa', '++-'],
  [MOST_CONTACT_BYTES + 1, 'a', '-'],
])('of %i bytes a try only so many are sent', (bytes, steps, told) => expect(play(steps, bytes)).toEqual(told))

test('whatever happens, no more is under way or failed within ten minutes than the limits say', () =>
  fc.assert(
    fc.property(
      fc.array(fc.record({ ms: fc.nat(CONTACT_WINDOW), bytes: fc.integer({ min: 1, max: 2_500 }), fails: fc.boolean(), at: fc.nat(9) })),
      (tries) => {
        let contacts: Contacts = []
        let atMs = 0
        const made: { atMs: number; bytes: number }[] = []
        for (const [number, { ms, bytes, fails, at }] of tries.entries()) {
          atMs += ms
          const outcome = takeContact(contacts, { number, address: `192.0.2.1:${1024 + at}`, atMs, bytes })
          if (outcome.type !== 'granted') continue
          contacts = fails ? failContact(outcome.contacts, number) : outcome.contacts
          made.push({ atMs, bytes })
          const recent = made.filter((one) => atMs - one.atMs < CONTACT_WINDOW)
          expect(recent.length).toBeLessThanOrEqual(MOST_CONTACTS)
          expect(recent.reduce((sum, one) => sum + one.bytes, 0)).toBeLessThanOrEqual(MOST_CONTACT_BYTES)
        }
      },
    ),
  ))
