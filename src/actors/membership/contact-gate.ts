// Every request to a peer passes here. An address that a person named, or that has proven itself, is asked freely; any other is
// tried a few times, whoever told of it. Where a name leads is looked at before each connection.
import { type AddressPolicy, isAllowed, isAllowedIp, isLiteral, parseAddress } from '../../domain/address.ts'
import { MEMBERS, STRANGERS } from '../../domain/contact-budget.ts'
import type { NetworkKind } from '../../domain/network-kind.ts'
import { CONTACT_WAIT, MOST_PROOFS, PROOF_LASTS } from '../../domain/timings.ts'
import { isServerInfo } from '../../p2prc/server-info.ts'
import type { Admit, Clock, Failure, PeerAnswer, PeerRequest } from '../../ports.ts'
import { createContactPlaces } from './contact-places.ts'
import { createLateAnswers } from './late-answers.ts'
import type { PeerRequests } from './peer-requests.ts'
import { RecentMap } from './recent-map.ts'
import { bytesOf } from './request-bytes.ts'
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
  /** When each address proved itself, or a person named it. */
  const provenAt = new RecentMap<string, number>(MOST_PROOFS)
  const atTurns = new RecentMap<string, true>(MOST_AT_TURNS)
  /** Where names led. */
  const resolved = new RecentMap<string, string>(MOST_RESOLVED)

  const outside = (address: string): Failure => withheld(`${address} is outside the addresses this node may contact; see --addresses`)
  const isProven = (address: string): boolean => {
    const atMs = provenAt.get(address)
    return atMs !== undefined && clock.now() - atMs < PROOF_LASTS
  }
  const places = createContactPlaces(clock, networkKind === 'private' ? MEMBERS : STRANGERS, isProven)
  const late = createLateAnswers(http, clock)
  const recordProof = (address: string): void => {
    provenAt.set(address, clock.now())
    places.refund(address)
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
    await late.end(address)
    const answer = await http.request(address, admit ? { ...request, admit } : request)
    if (isProof(request, answer)) recordProof(address)
    return answer
  }
  const askCounted = async (address: string, request: PeerRequest): Promise<PeerAnswer | Failure> => {
    const bytes = bytesOf(request)
    const startMs = clock.now()
    const place = await places.take(address, bytes, startMs + Math.min(CONTACT_WAIT, request.timeoutMs))
    const left = leftOf(request, clock.now() - startMs)
    if (place.type === 'proven') return askFreely(address, left, onlyAllowed(address, request))
    if (place.type === 'refused') return tooManyTries(place.retryMs)
    const taken = [place.number]
    let connections = 0
    const admit = admitted((to) => {
      if (!isAllowedIp(to, policy)) return outside(to)
      // The place taken above is for one connection. One that went stale may be replaced by another.
      if (++connections === 1) return null
      const further = places.takeFurther(address, bytes)
      if (further === null) return tooManyTries(CONTACT_WAIT)
      taken.push(further)
      return null
    }, request.admit)
    return late.request(address, { ...left, admit }, (answer, isLate) => {
      if (isLate && answer.type === 'answer' && answer.by !== null) onLateProof(address, answer.by)
      if (isProof(request, answer)) recordProof(address)
      else places.failed(address, taken)
    })
  }

  return {
    ipOf: (address) => {
      const host = parseAddress(address)?.host ?? ''
      return isLiteral(host) ? host : (resolved.get(address) ?? null)
    },
    tryAnew: places.tryAnew,
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
const MOST_AT_TURNS = 16

/** What is left of a request's time once `waitedMs` of it are gone. */
const leftOf = (request: PeerRequest, waitedMs: number): PeerRequest =>
  waitedMs > 0 ? { ...request, timeoutMs: Math.max(1, request.timeoutMs - waitedMs) } : request

/** A node with an identity answered in the members' channel, or one that speaks as P2PRC's do, which have none. */
function isProof({ path }: PeerRequest, answer: PeerAnswer | Failure): boolean {
  if (answer.type === 'failed') return false
  if (answer.by !== null) return true
  return path === '/server_info' && answer.status === 200 && isServerInfo(answer.body)
}
