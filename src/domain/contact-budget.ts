// What may be tried at one IP address that has proven nothing: a few connections and bytes, whoever asks for them. Only what came to
// nothing is counted in the end, so any number of nodes behind one address can be met, a few at a time.
import { CONTACT_WINDOW, MOST_CONTACT_BYTES, MOST_CONTACTS } from './timings.ts'

/** One connection, or a request on one that stands. */
export interface Contact {
  /** Tells it from others under way. */
  readonly number: number
  /** `host:port`. */
  readonly address: string
  /** Monotonic. */
  readonly atMs: number
  readonly bytes: number
  /** It is not known yet what comes of it. */
  readonly isOpen: boolean
}

/** All contacts of one IP that count, the oldest first: at most `MOST_CONTACTS`. */
export type Contacts = readonly Contact[]

export type ContactOutcome =
  | { readonly type: 'granted'; readonly contacts: Contacts }
  /** Others at that IP are being tried, and give their place back if they answer. */
  | { readonly type: 'wait' }
  | { readonly type: 'refused' }

export function takeContact(contacts: Contacts, wanted: Omit<Contact, 'isOpen'>): ContactOutcome {
  const counted = countedContacts(contacts, wanted.atMs)
  const bytes = counted.reduce((sum, one) => sum + one.bytes, wanted.bytes)
  if (wanted.bytes > MOST_CONTACT_BYTES) return { type: 'refused' }
  if (counted.length < MOST_CONTACTS && bytes <= MOST_CONTACT_BYTES)
    return { type: 'granted', contacts: [...counted, { ...wanted, isOpen: true }] }
  return { type: counted.some(({ isOpen }) => isOpen) ? 'wait' : 'refused' }
}

/** It has ended, and nothing was proven: it counts until it lapses. */
export const failContact = (contacts: Contacts, number: number): Contacts =>
  contacts.map((one) => (one.number === number ? { ...one, isOpen: false } : one))

/** The address has proven itself: what was counted for it comes back. */
export const refundContacts = (contacts: Contacts, address: string): Contacts => contacts.filter((one) => one.address !== address)

/** Those that have not lapsed. */
export const countedContacts = (contacts: Contacts, nowMs: number): Contacts =>
  contacts.filter(({ isOpen, atMs }) => isOpen || nowMs - atMs < CONTACT_WINDOW)
