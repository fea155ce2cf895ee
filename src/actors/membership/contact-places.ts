// The places at IP addresses that have proven nothing: who has one, who waits for one, and which come back. How many there are, and how soon
// one after another, says domain/contact-budget.ts.
import { parseAddress } from '../../domain/address.ts'
import {
  type Contact,
  type ContactLimits,
  type ContactOutcome,
  type Contacts,
  countedContacts,
  failContact,
  refundContacts,
  takeContact,
} from '../../domain/contact-budget.ts'
import { CONTACT_WAIT, CONTACT_WINDOW, MOST_CONTACT_IPS, TRIED_ANEW_GAP } from '../../domain/timings.ts'
import type { Clock } from '../../ports.ts'
import { RecentMap } from './recent-map.ts'

export type Place =
  /** `number`: tells it from others. */
  | { readonly type: 'taken'; readonly number: number }
  /** `retryMs`: not before so long. */
  | { readonly type: 'refused'; readonly retryMs: number }
  /** None is needed: the address proved itself while it waited. */
  | { readonly type: 'proven' }

export interface ContactPlaces {
  /** A place for one connection to that address of `bytes`. Waits for one until `deadlineMs`, monotonic. */
  take(address: string, bytes: number, deadlineMs: number): Promise<Place>
  /** Another connection of a request that has a place: the number of its own; null: there is none. */
  takeFurther(address: string, bytes: number): number | null
  /** A request to that address has ended, and proved nothing: its places count until they lapse. */
  failed(address: string, numbers: readonly number[]): void
  /** The address has proven itself: what was counted for it comes back. */
  refund(address: string): void
  /** What was tried there in vain counts no more: for one address at an IP in `TRIED_ANEW_GAP`, and by others' word in `CONTACT_WINDOW`. */
  tryAnew(address: string, by: 'itself' | 'others'): void
}

const MOST_TRIED_ANEW = 1_024

const ipOf = (address: string): string | undefined => parseAddress(address)?.host

/** `isProven`: asked after each wait. */
export function createContactPlaces(clock: Clock, limits: ContactLimits, isProven: (address: string) => boolean): ContactPlaces {
  const contactsAt = new RecentMap<string, Contacts>(MOST_CONTACT_IPS)
  const waiting = new Map<string, Set<() => void>>()
  /** By who speaks for it, and IP address. */
  const triedAnewAt = new RecentMap<string, number>(MOST_TRIED_ANEW)
  let numbers = 0

  const put = (ip: string, contacts: Contacts): void => {
    if (contacts.length === 0) contactsAt.delete(ip)
    else contactsAt.set(ip, contacts)
    for (const look of [...(waiting.get(ip) ?? [])]) look()
  }
  /** The oldest that has lapsed makes room. Those that count are never forgotten early: that would be a way to try on and on. */
  const hasRoomFor = (ip: string): boolean => {
    if (contactsAt.get(ip) !== undefined || !contactsAt.isFull) return true
    const [oldest] = contactsAt.entries()
    if (oldest && countedContacts(oldest[1], clock.now()).length === 0) contactsAt.delete(oldest[0])
    return !contactsAt.isFull
  }
  /** Resolves when something has changed at that IP, or the time is over. */
  const change = (ip: string, ms: number): Promise<void> =>
    new Promise((resolve) => {
      const looks = waiting.get(ip) ?? new Set()
      const done = (): void => {
        clock.clearTimeout(timer)
        looks.delete(done)
        if (looks.size === 0) waiting.delete(ip)
        resolve()
      }
      const timer = clock.setTimeout(done, ms)
      waiting.set(ip, looks.add(done))
    })
  const tryToTake = (ip: string, wanted: Omit<Contact, 'isOpen'>, isFurther: boolean): ContactOutcome => {
    if (!hasRoomFor(ip)) return { type: 'refused', retryMs: CONTACT_WINDOW }
    const outcome = takeContact(contactsAt.get(ip) ?? [], wanted, isFurther, limits)
    if (outcome.type === 'granted') contactsAt.set(ip, outcome.contacts)
    return outcome
  }

  return {
    take: async (address, bytes, deadlineMs) => {
      const ip = ipOf(address) ?? ''
      for (;;) {
        const atMs = clock.now()
        const number = ++numbers
        const outcome = tryToTake(ip, { number, address, atMs, bytes }, false)
        if (outcome.type === 'granted') return { type: 'taken', number }
        if (outcome.type === 'refused') return outcome
        if (atMs >= deadlineMs) return { type: 'refused', retryMs: CONTACT_WAIT }
        await change(ip, deadlineMs - atMs)
        if (isProven(address)) return { type: 'proven' }
      }
    },
    takeFurther: (address, bytes) => {
      const number = ++numbers
      const outcome = tryToTake(ipOf(address) ?? '', { number, address, atMs: clock.now(), bytes }, true)
      return outcome.type === 'granted' ? number : null
    },
    failed: (address, places) => {
      const ip = ipOf(address) ?? ''
      put(ip, places.reduce(failContact, contactsAt.get(ip) ?? []))
    },
    refund: (address) => {
      const ip = ipOf(address)
      const contacts = ip === undefined ? undefined : contactsAt.get(ip)
      if (ip !== undefined && contacts) put(ip, refundContacts(contacts, address))
    },
    tryAnew: (address, by) => {
      const ip = ipOf(address)
      const contacts = ip === undefined ? undefined : contactsAt.get(ip)
      const there = contacts?.filter((one) => one.address === address) ?? []
      if (ip === undefined || contacts === undefined || there.length === 0 || there.some(({ isOpen }) => isOpen)) return
      const gapMs = by === 'itself' ? TRIED_ANEW_GAP : CONTACT_WINDOW
      if (clock.now() - (triedAnewAt.get(`${by} ${ip}`) ?? Number.NEGATIVE_INFINITY) < gapMs) return
      triedAnewAt.set(`${by} ${ip}`, clock.now())
      put(ip, refundContacts(contacts, address))
    },
  }
}
