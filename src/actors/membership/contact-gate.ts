// Every request to a peer passes here. An address that a person named, or that has proven itself, is asked freely; any other is
// tried a few times, whoever told of it. Where a name leads is looked at before each connection.
import { type AddressPolicy, isAllowed, isAllowedIp, isLiteral, parseAddress } from '../../domain/address.ts'
import {
  type Contact,
  type ContactOutcome,
  type Contacts,
  countedContacts,
  failContact,
  MEMBERS,
  refundContacts,
  STRANGERS,
  takeContact,
} from '../../domain/contact-budget.ts'
import type { NetworkKind } from '../../domain/network-kind.ts'
import {
  CONTACT_WAIT,
  CONTACT_WINDOW,
  LATE_PROOF,
  MOST_CONTACT_IPS,
  MOST_PROOFS,
  PROOF_LASTS,
  TRIED_ANEW_GAP,
} from '../../domain/timings.ts'
import { isServerInfo } from '../../p2prc/server-info.ts'
import { type Admit, type Clock, type Failure, isFailure, type PeerAnswer, type PeerRequest } from '../../ports.ts'
import type { PeerRequests } from './peer-requests.ts'
import { RecentMap } from './recent-map.ts'
import type { Standing } from './standing.ts'

export interface ContactGate extends PeerRequests {
  /** The IP address that the last connection to it went to; null where it is a name that was not looked up yet. */
  ipOf(address: string): string | null
  /** A person named the address by hand: it is asked freely for as long as an address that proved itself. Canonical `host:port`. */
  name(address: string): void
  /**
   * Something new speaks for that address: who is there asks from its IP address to be connected back to, or enough others have just reached it. What
   * was tried there in vain counts no more: for one address at an IP in `TRIED_ANEW_GAP`, and by others' word in `CONTACT_WINDOW`.
   */
  tryAnew(address: string, by: 'itself' | 'others'): void
  /** It is this node's own address at a TURN that it uses, which no rule is about. Answers the address. */
  atTurn(address: string): string
}

interface GateNeeds {
  readonly http: PeerRequests
  readonly clock: Clock
  readonly policy: AddressPolicy
  readonly networkKind: NetworkKind['type']
  readonly standing: (address: string) => Standing
  /** The node with that id answered there over the members' channel, after whoever asked had given up. */
  readonly onLateProof: (address: string, by: string) => void
}

/** A failure by this node's own rules: nothing was sent, so nothing is known of the address. */
const withheld = (text: string): Failure => ({ type: 'failed', reason: 'withheld', text })
const tooManyTries = (retryMs: number): Failure => ({
  ...withheld('too many tries to an address that has not proven itself'),
  retryMs,
})

export function createContactGate({ http, clock, policy, networkKind, standing, onLateProof }: GateNeeds): ContactGate {
  const limits = networkKind === 'private' ? MEMBERS : STRANGERS
  const contactsAt = new RecentMap<string, Contacts>(MOST_CONTACT_IPS)
  /** When each address proved itself, or a person named it. */
  const provenAt = new RecentMap<string, number>(MOST_PROOFS)
  const atTurns = new RecentMap<string, true>(MOST_AT_TURNS)
  /** Where names led. */
  const resolved = new RecentMap<string, string>(MOST_RESOLVED)
  /** By who speaks for it, and IP address. */
  const triedAnewAt = new RecentMap<string, number>(MOST_TRIED_ANEW)
  const waiting = new Map<string, Set<() => void>>()
  /** By address: ends the request that whoever asked has given up, and that may still be answered. */
  const late = new Map<string, () => Promise<unknown>>()
  let numbers = 0

  const outside = (address: string): Failure => withheld(`${address} is outside the addresses this node may contact; see --addresses`)
  const isProven = (address: string): boolean => {
    const atMs = provenAt.get(address)
    return atMs !== undefined && clock.now() - atMs < PROOF_LASTS
  }
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
  const take = (ip: string, wanted: Omit<Contact, 'isOpen'>, isFurther = false): ContactOutcome => {
    if (!hasRoomFor(ip)) return { type: 'refused', retryMs: CONTACT_WINDOW }
    const outcome = takeContact(contactsAt.get(ip) ?? [], wanted, isFurther, limits)
    if (outcome.type === 'granted') contactsAt.set(ip, outcome.contacts)
    return outcome
  }
  /** A place at that IP: its number. Or why there is none. Null: the address proved itself meanwhile. */
  const takePlace = async (ip: string, address: string, bytes: number, deadlineMs: number): Promise<number | Failure | null> => {
    for (;;) {
      const atMs = clock.now()
      const number = ++numbers
      const outcome = take(ip, { number, address, atMs, bytes })
      if (outcome.type === 'granted') return number
      if (outcome.type === 'refused') return tooManyTries(outcome.retryMs)
      if (atMs >= deadlineMs) return tooManyTries(CONTACT_WAIT)
      await change(ip, deadlineMs - atMs)
      if (isProven(address)) return null
    }
  }
  const recordProof = (address: string): void => {
    provenAt.set(address, clock.now())
    const ip = parseAddress(address)?.host
    const contacts = ip === undefined ? undefined : contactsAt.get(ip)
    if (ip !== undefined && contacts) put(ip, refundContacts(contacts, address))
  }
  const admitted = (mayConnect: (ip: string) => Failure | null, first?: Admit): Admit => {
    return async (ip) => mayConnect(ip) ?? (first ? first(ip) : null)
  }
  /** Wherever the address leads must be allowed. Where a name led is kept. */
  const onlyAllowed = (address: string, { admit }: PeerRequest): Admit =>
    admitted((ip) => {
      if (!isAllowedIp(ip, policy)) return outside(ip)
      if (!isLiteral(parseAddress(address)?.host ?? '')) resolved.set(address, ip)
      return null
    }, admit)

  const askFreely = async (address: string, request: PeerRequest, admit: PeerRequest['admit']): Promise<PeerAnswer | Failure> => {
    // Nobody is asked twice at once: the new request says more.
    await late.get(address)?.()
    const answer = await http.request(address, admit ? { ...request, admit } : request)
    if (isProof(request, answer)) recordProof(address)
    return answer
  }
  const askCounted = async (address: string, request: PeerRequest): Promise<PeerAnswer | Failure> => {
    const ip = parseAddress(address)?.host ?? ''
    const bytes = bytesOf(request)
    const startMs = clock.now()
    const place = await takePlace(ip, address, bytes, startMs + Math.min(CONTACT_WAIT, request.timeoutMs))
    if (place === null) return askFreely(address, leftOf(request, clock.now() - startMs), onlyAllowed(address, request))
    if (typeof place !== 'number') return place
    const numbersTaken = [place]
    let connections = 0
    const admit = admitted((to) => {
      if (!isAllowedIp(to, policy)) return outside(to)
      // The place taken above is for one connection. One that went stale may be replaced by another.
      if (++connections === 1) return null
      const number = ++numbers
      const outcome = take(ip, { number, address, atMs: clock.now(), bytes }, true)
      if (outcome.type !== 'granted') return tooManyTries(CONTACT_WAIT)
      numbersTaken.push(number)
      return null
    }, request.admit)
    const { timeoutMs } = leftOf(request, clock.now() - startMs)
    const ending = new AbortController()
    const signal = request.signal ? AbortSignal.any([request.signal, ending.signal]) : ending.signal
    const asked = http.request(address, { ...request, timeoutMs: Math.max(timeoutMs, LATE_PROOF), admit, signal }).then((answer) => {
      const isLate = late.get(address) === end
      if (isLate) late.delete(address)
      if (isLate && !isFailure(answer) && answer.by !== null) onLateProof(address, answer.by)
      if (isProof(request, answer)) recordProof(address)
      else put(ip, numbersTaken.reduce(failContact, contactsAt.get(ip) ?? []))
      return answer
    })
    const end = (): Promise<unknown> => {
      ending.abort()
      return asked
    }
    return within(asked, timeoutMs, () => late.set(address, end))
  }
  /** Whoever asks is told in time. What comes of it later counts all the same: a machine that is busy is met at the next try. */
  const within = (asked: Promise<PeerAnswer | Failure>, ms: number, onLate: () => void): Promise<PeerAnswer | Failure> =>
    new Promise((resolve, reject) => {
      const timer = clock.setTimeout(() => {
        onLate()
        resolve({ type: 'failed', reason: 'timeout', text: 'it did not answer in time' })
      }, ms)
      asked.then(resolve, reject).finally(() => clock.clearTimeout(timer))
    })

  return {
    ipOf: (address) => {
      const host = parseAddress(address)?.host ?? ''
      return isLiteral(host) ? host : (resolved.get(address) ?? null)
    },
    tryAnew: (address, by) => {
      const ip = parseAddress(address)?.host
      const contacts = ip === undefined ? undefined : contactsAt.get(ip)
      const there = contacts?.filter((one) => one.address === address) ?? []
      if (ip === undefined || contacts === undefined || there.length === 0 || there.some(({ isOpen }) => isOpen)) return
      const gapMs = by === 'itself' ? TRIED_ANEW_GAP : CONTACT_WINDOW
      if (clock.now() - (triedAnewAt.get(`${by} ${ip}`) ?? Number.NEGATIVE_INFINITY) < gapMs) return
      triedAnewAt.set(`${by} ${ip}`, clock.now())
      put(ip, refundContacts(contacts, address))
    },
    name: (address) => void provenAt.set(address, clock.now()),
    atTurn: (address) => {
      atTurns.set(address, true)
      return address
    },
    request: async (address, request) => {
      const stands = atTurns.get(address) ? 'own' : standing(address)
      if (stands === 'own') return askFreely(address, request, request.admit)
      if (stands === 'known' || isProven(address)) return askFreely(address, request, onlyAllowed(address, request))
      // Whether a private one may be was asked when it was taken in, by whose word it was.
      return isAllowed(address, policy, 'neighbour') ? askCounted(address, request) : outside(address)
    },
  }
}

const MOST_RESOLVED = 256
const MOST_TRIED_ANEW = 1_024
const MOST_AT_TURNS = 16

/** What is left of a request's time once `waitedMs` of it are gone. */
const leftOf = (request: PeerRequest, waitedMs: number): PeerRequest =>
  waitedMs > 0 ? { ...request, timeoutMs: Math.max(1, request.timeoutMs - waitedMs) } : request

/** Request line and headers of a request in clear, without what is counted exactly. */
const HEAD_BYTES = 120
/** The members' channel: what a TLS server that is no node is sent. What is asked goes out only once the other end is proven. */
const CHANNEL_BYTES = 680

function bytesOf({ over, method, path, headers = {}, body }: PeerRequest): number {
  if (over === 'channel') return CHANNEL_BYTES
  const named = Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
  const content = body === undefined ? 0 : 'type' in body ? body.bytes : body.byteLength
  return HEAD_BYTES + method.length + Buffer.byteLength(path) + named + content
}

/** A node with an identity answered in the members' channel, or one that speaks as P2PRC's do, which have none. */
function isProof({ path }: PeerRequest, answer: PeerAnswer | Failure): boolean {
  if (answer.type === 'failed') return false
  if (answer.by !== null) return true
  return path === '/server_info' && answer.status === 200 && isServerInfo(answer.body)
}
