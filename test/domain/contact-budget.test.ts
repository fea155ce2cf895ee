import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Contacts, failContact, refundContacts, takeContact } from '../../src/domain/contact-budget.ts'
import { CONTACT_GAPS, CONTACT_WINDOW, MOST_CONTACT_BYTES, MOST_CONTACTS } from '../../src/domain/timings.ts'

const A = '192.0.2.1:1024'
const at = (letter: string): string => `192.0.2.1:${1024 + letter.charCodeAt(0) - 97}`

/**
 * A letter a step: `a` to `d` try an address, `x` fails the oldest that is open, `A` proves the first, `1` and `2` wait for the
 * second and the third try, `-` until all has lapsed. What each try came to, and the seconds until a refused one may be made.
 */
function play(steps: string, bytes = 100): string {
  let contacts: Contacts = []
  let atMs = 0
  let number = 0
  let told = ''
  for (const step of steps) {
    if (step === '-') atMs += CONTACT_WINDOW
    else if (step === 'A') contacts = refundContacts(contacts, A)
    else if (step === 'x') contacts = failContact(contacts, contacts.find(({ isOpen }) => isOpen)?.number ?? 0)
    else if (step === '1' || step === '2') atMs += CONTACT_GAPS[Number(step) - 1] ?? 0
    else {
      const outcome = takeContact(contacts, { number: ++number, address: at(step), atMs, bytes })
      if (outcome.type === 'granted') contacts = outcome.contacts
      told += outcome.type === 'refused' ? `-${outcome.retryMs / 1_000}` : { granted: '+', wait: '?' }[outcome.type]
    }
  }
  return told
}

test.each([
  ['two are tried at once, and the third waits for what they come to', 'abc', '++?'],
  ['the last is for later, whoever wants it: a way that was cut may be whole by then', 'axbxca2c', '++-45-45+'],
  ['once all have failed there is none until the first of them lapses', 'axbx2cxd', '+++-555'],
  ['and then there are as many again', 'axbx2cx-abc', '+++++?'],
  ['one that is open does not lapse', 'ab-cd', '+++?'],
  ['an address is not tried twice at once', 'aab', '+?+'],
  ['nor again at once', 'axab', '+-5+'],
  ['but after a while, and a third time after a longer one', 'ax1axa2axa', '++-45+-550'],
  ['one that others at its IP have left no place for comes when the first of them lapses', 'axbx2cx1a', '+++-550'],
  ['an address that proves itself gives back all that was counted for it', 'abAacbd', '+++???'],
  ['another address at that IP gives nothing back', 'bxcx2dxAa', '+++-555'],
])('%s', (_, steps, told) => expect(play(steps)).toEqual(told))

test.each([
  [MOST_CONTACT_BYTES, 'axb', '+-600'],
  [MOST_CONTACT_BYTES / 2, 'axbxc', '++-600'],
  [MOST_CONTACT_BYTES + 1, 'a', '-600'],
])('of %i bytes a try only so many are sent', (bytes, steps, told) => expect(play(steps, bytes)).toEqual(told))

test('whatever happens, no more is under way or failed within ten minutes than the limits say', () =>
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          ms: fc.nat(CONTACT_WINDOW),
          bytes: fc.integer({ min: 1, max: 2_500 }),
          fails: fc.boolean(),
          at: fc.nat(9),
          isFurther: fc.boolean(),
        }),
      ),
      (tries) => {
        let contacts: Contacts = []
        let atMs = 0
        const made: { atMs: number; bytes: number }[] = []
        for (const [number, { ms, bytes, fails, at, isFurther }] of tries.entries()) {
          atMs += ms
          const outcome = takeContact(contacts, { number, address: `192.0.2.1:${1024 + at}`, atMs, bytes }, isFurther)
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
