// What may be tried at one IP address that has proven nothing: a few connections and bytes, whoever asks for them. Only what came to
// nothing is counted in the end, so any number of nodes behind one address can be met, a few at a time.
import {
  CONTACT_GAPS,
  CONTACT_WINDOW,
  LAST_CONTACT_GAP,
  MOST_CONTACT_BYTES,
  MOST_CONTACT_BYTES_MEMBERS,
  MOST_CONTACTS,
  MOST_CONTACTS_MEMBERS,
} from './timings.ts'

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

/** Contacts of one IP within `CONTACT_WINDOW`, and bytes sent there. */
export interface ContactLimits {
  readonly contacts: number
  readonly bytes: number
}

/** In an open network anybody tells of addresses; in a private one its members. */
export const STRANGERS: ContactLimits = { contacts: MOST_CONTACTS, bytes: MOST_CONTACT_BYTES }
export const MEMBERS: ContactLimits = { contacts: MOST_CONTACTS_MEMBERS, bytes: MOST_CONTACT_BYTES_MEMBERS }

/** All contacts of one IP that count, the oldest first: at most as many as the limits say. */
export type Contacts = readonly Contact[]

export type ContactOutcome =
  | { readonly type: 'granted'; readonly contacts: Contacts }
  /** That address, or others at that IP, are being tried, and give their place back if they answer. */
  | { readonly type: 'wait' }
  /** `retryMs`: not before so long. */
  | { readonly type: 'refused'; readonly retryMs: number }

/** `isFurther`: another connection of a contact that is under way, which need not wait for that. */
export function takeContact(
  contacts: Contacts,
  wanted: Omit<Contact, 'isOpen'>,
  isFurther = false,
  limits: ContactLimits = STRANGERS,
): ContactOutcome {
  const counted = countedContacts(contacts, wanted.atMs)
  const same = counted.filter(({ address }) => address === wanted.address)
  const gapMs = isFurther ? 0 : gapAfter(same) - wanted.atMs
  const lastMs = isFurther ? 0 : lastPlaceAtMs(counted, limits) - wanted.atMs
  if (wanted.bytes > limits.bytes) return { type: 'refused', retryMs: CONTACT_WINDOW }
  if (hasRoom(counted, wanted.bytes, limits) && gapMs <= 0 && lastMs <= 0 && (isFurther || !same.some(({ isOpen }) => isOpen)))
    return { type: 'granted', contacts: [...counted, { ...wanted, isOpen: true }] }
  if ((gapMs > 0 ? same : counted).some(({ isOpen }) => isOpen)) return { type: 'wait' }
  return { type: 'refused', retryMs: Math.max(gapMs, lastMs, roomAtMs(counted, wanted.bytes, limits) - wanted.atMs) }
}

/**
 * The last place at an IP is for later, whatever address it is for: several that are
 * cut off at once would leave none for when the way is whole.
 */
const lastPlaceAtMs = (counted: Contacts, { contacts }: ContactLimits): number => {
  const last = counted.at(-1)
  return last && counted.length === contacts - 1 ? last.atMs + LAST_CONTACT_GAP : Number.NEGATIVE_INFINITY
}

const hasRoom = (counted: Contacts, bytes: number, limits: ContactLimits): boolean =>
  counted.length < limits.contacts && counted.reduce((sum, one) => sum + one.bytes, bytes) <= limits.bytes

/** When an address may be tried again that was tried so. */
const gapAfter = (same: Contacts): number => {
  const last = same.at(-1)
  return last ? last.atMs + (CONTACT_GAPS[same.length - 1] ?? 0) : Number.NEGATIVE_INFINITY
}

/** When enough of them have lapsed. */
function roomAtMs(counted: Contacts, bytes: number, limits: ContactLimits): number {
  const lapsing = counted.findIndex((_, i) => hasRoom(counted.slice(i), bytes, limits))
  const last = counted.at((lapsing < 0 ? counted.length : lapsing) - 1)
  return lapsing === 0 || !last ? Number.NEGATIVE_INFINITY : last.atMs + CONTACT_WINDOW
}

/** It has ended, and nothing was proven: it counts until it lapses. */
export const failContact = (contacts: Contacts, number: number): Contacts =>
  contacts.map((one) => (one.number === number ? { ...one, isOpen: false } : one))

/** The address has proven itself: what was counted for it comes back. */
export const refundContacts = (contacts: Contacts, address: string): Contacts => contacts.filter((one) => one.address !== address)

/** Those that have not lapsed. */
export const countedContacts = (contacts: Contacts, nowMs: number): Contacts =>
  contacts.filter(({ isOpen, atMs }) => isOpen || nowMs - atMs < CONTACT_WINDOW)
