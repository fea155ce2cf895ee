// Which TURNs a node should sit behind: what is fit, what is better, and why.
import { parseAddress } from './address.ts'
import { networkOf } from './address-group.ts'
import { fnv1a } from './fnv1a.ts'
import { isMeant } from './peer-word.ts'

export interface TurnCandidate {
  /** The row's key, or `frp://host:port` for a stock frps from the configuration. */
  readonly key: string
  readonly id: string | null
  readonly name: string
  readonly address: string
  readonly kind: 'moonwalk' | 'p2prc' | 'frp'
  /** The least of the last five minutes. */
  readonly rttMs: number | null
  /** The lesser of download and upload as measured; absent or null: not measured. */
  readonly mbps?: number | null
  /** What one connection to it keeps up, as measured; absent or null: not measured. */
  readonly sustainedMbps?: number | null
  readonly alive: boolean
  readonly offersTurn: boolean
  /** Reached through a TURN itself. */
  readonly behindNat: boolean
  /** Of a stock frps: why it can't be used, as its login or the network said. */
  readonly objection?: string
}

export interface TurnChoice {
  readonly turn: TurnCandidate
  /** For people: `least latency of 3: 1.2 ms; next birch 3.4 ms`. As it was when it was chosen. */
  readonly reason: string
}

/**
 * What makes a TURN a better one. `pins`: as `isMeant` has them, the best first;
 * nobody else will do. `byHand`: a person pinned them on the running node.
 */
export type TurnPreference =
  | { readonly mode: 'latency' }
  | { readonly mode: 'throughput' }
  | { readonly mode: 'pinned'; readonly pins: readonly string[]; readonly byHand?: true }

export const BY_LATENCY: TurnPreference = { mode: 'latency' }

/** Words for those that are pinned, the best first; none where nobody is. */
export const pinsOf = (preference: TurnPreference): readonly string[] => (preference.mode === 'pinned' ? preference.pins : [])

/** What a person pinned, before the pins that the node was started with. Nothing: as it was started. */
export const preferenceWith = (started: TurnPreference, pins: readonly string[]): TurnPreference =>
  pins.length === 0 ? started : { mode: 'pinned', pins: [...pins, ...pinsOf(started)], byHand: true }

/** What a choice is made from. */
export interface TurnField {
  readonly candidates: readonly TurnCandidate[]
  readonly self: string
  readonly preference: TurnPreference
  /** Keys of those that failed lately. */
  readonly barred: readonly string[]
}

/** A move to another TURN must gain this much, and a third. Latency changes by less from minute to minute anyway. */
const MOVE_MS = 10
const MOVE_SHARE = 2 / 3
const MOVE_FACTOR = 1.5
/** Who is no further than this above the nearest is as near: the larger of both counts. */
const NEAR_MS = 10
const NEAR_SHARE = 0.2

/** What keeps a candidate from being chosen, or null. */
export function unfit(candidate: TurnCandidate, self: string, preference: TurnPreference = BY_LATENCY): string | null {
  if (candidate.id === self) return 'it is this node'
  if (candidate.objection !== undefined) return candidate.objection
  if (!candidate.alive) return 'it does not answer'
  if (!candidate.offersTurn) return 'it does not offer TURN'
  if (candidate.behindNat) return 'it is behind NAT itself'
  if (candidate.rttMs === null) return 'its latency is not known'
  if (!isWished(candidate, preference)) return 'it is not among the pinned ones'
  return null
}

/** Whether it will do at all where TURNs are pinned. */
export const isWished = (candidate: TurnCandidate, preference: TurnPreference): boolean =>
  preference.mode !== 'pinned' || pinOf(candidate, preference.pins) >= 0

export const fitOf = ({ candidates, self, preference }: Omit<TurnField, 'barred'>): readonly TurnCandidate[] =>
  candidates.filter((candidate) => unfit(candidate, self, preference) === null).sort(better(preference))

/**
 * The best of a pool, which is fit, beside those that are held: in another network than theirs where it can
 * be, else at another IP address. Of those that are as near as the nearest the node's own id picks one, so
 * that many nodes spread over them. Null: the pool is empty.
 */
export function pickTurn(
  pool: readonly TurnCandidate[],
  held: readonly TurnCandidate[],
  self: string,
  preference: TurnPreference,
): TurnCandidate | null {
  if (preference.mode === 'pinned') return [...pool].sort(better(preference))[0] ?? null
  const apart = (candidate: TurnCandidate): number => Math.max(0, ...held.map((other) => sameness(candidate, other)))
  const least = Math.min(...pool.map(apart))
  const ranked = pool.filter((candidate) => apart(candidate) === least).sort(better(preference))
  const [best] = ranked
  if (!best || preference.mode === 'throughput') return best ?? null
  const limitMs = nearLimit(best.rttMs ?? 0)
  const near = ranked.filter(({ rttMs }) => (rttMs ?? 0) <= limitMs)
  return near.sort((a, b) => weight(self, b.key) - weight(self, a.key) || (a.key < b.key ? -1 : 1))[0] ?? null
}

/** 0: another network (/24, or /48 of IPv6), 1: the same network, 2: the same IP address. */
export function sameness(a: TurnCandidate, b: TurnCandidate): 0 | 1 | 2 {
  const [one, other] = [parseAddress(a.address)?.host ?? a.address, parseAddress(b.address)?.host ?? b.address]
  return one === other ? 2 : networkOf(one) === networkOf(other) ? 1 : 0
}

/**
 * Whether it is worth to move from one to the other: by 10 ms and a third, by
 * half as much throughput again, or to one pinned before it.
 */
export function isWorthMove(to: TurnCandidate, from: TurnCandidate, preference: TurnPreference): boolean {
  switch (preference.mode) {
    case 'latency':
      return to.rttMs !== null && from.rttMs !== null && isMuchBetter(to.rttMs, from.rttMs)
    case 'throughput':
      return isMuchMore(to, from)
    case 'pinned':
      return pinOf(to, preference.pins) < pinOf(from, preference.pins)
  }
}

/**
 * What a tunnel through it carries: a tunnel is one connection. Where that was not measured it may carry what four of them did, and 0
 * where nothing was.
 */
export const tunnelMbps = ({ mbps, sustainedMbps }: Pick<TurnCandidate, 'mbps' | 'sustainedMbps'>): number =>
  Math.min(mbps ?? 0, sustainedMbps ?? Number.POSITIVE_INFINITY)

/** Half as much again. A TURN whose single connection was not measured is never better than one whose was: it may be no faster. */
function isMuchMore(to: TurnCandidate, from: TurnCandidate): boolean {
  const isKnown = typeof to.mbps === 'number' && typeof from.mbps === 'number'
  const isAlike = typeof to.sustainedMbps === 'number' || typeof from.sustainedMbps !== 'number'
  return isKnown && isAlike && tunnelMbps(to) >= tunnelMbps(from) * MOVE_FACTOR
}

/** At least 10 ms, and a third. */
export function isMuchBetter(candidateMs: number, currentMs: number): boolean {
  return currentMs - candidateMs >= MOVE_MS && candidateMs <= currentMs * MOVE_SHARE
}

/** Why this one, for people, as the figures are now. `beside`: one is held already, and this is a further one. */
export function reasonOf(turn: TurnCandidate, field: TurnField, beside: readonly string[] = []): string {
  const fit = fitOf(field).filter(({ key }) => !beside.includes(key))
  const fresh = fit.filter(({ key }) => key === turn.key || !field.barred.includes(key))
  const ranked = fresh.some(({ key }) => key === turn.key) ? fresh : [turn, ...fresh]
  const left = fit.length - fresh.length
  const isByHand = field.preference.mode === 'pinned' && field.preference.byHand
  return ranked.length === 1 && !isByHand
    ? `the only ${beside.length > 0 ? 'other ' : ''}one: ${figure(turn, field.preference)}${leftOut(left)}`
    : `${rankText(turn, ranked, field.preference, beside.length > 0 ? ' others' : '')}${leftOut(left)}`
}

const leftOut = (count: number): string => (count > 0 ? `; ${count} left out since it failed lately` : '')

function rankText(turn: TurnCandidate, ranked: readonly TurnCandidate[], preference: TurnPreference, others: string): string {
  const [best, second] = ranked
  const of = `of ${ranked.length}${others}`
  const shown = figure(turn, preference)
  if (preference.mode === 'pinned')
    return `pinned${preference.byHand ? ' by a person' : ''}${best?.key === turn.key ? '' : ` after ${best?.name}`}: ${shown}`
  const rule = preference.mode === 'latency' ? 'least latency' : 'most throughput'
  if (!best || best.key === turn.key) return `${rule} ${of}: ${shown}${second ? `; next ${second.name} ${figure(second, preference)}` : ''}`
  if (preference.mode === 'throughput') return `${rule} ${of}, give or take a third: ${shown}; ${best.name} ${figure(best, preference)}`
  const said = `${best.name} ${figure(best, preference)} is nearer than ${turn.name} ${shown}`
  const gainMs = (turn.rttMs ?? 0) - (best.rttMs ?? 0)
  if (gainMs < MOVE_MS) return `${rule} ${of}, give or take ${MOVE_MS} ms: ${said}, but not by ${MOVE_MS} ms`
  if (!isMuchBetter(best.rttMs ?? 0, turn.rttMs ?? 0)) return `${rule} ${of}, give or take a third: ${said}, but not by a third`
  return `${rule} ${of} when it was chosen: ${said}, and is moved to if that lasts`
}

const figure = ({ rttMs, mbps, sustainedMbps }: TurnCandidate, { mode }: TurnPreference): string =>
  mode === 'throughput' && typeof mbps === 'number'
    ? `${tunnelMbps({ mbps, sustainedMbps: sustainedMbps ?? null }).toFixed(1)} Mbit/s${typeof sustainedMbps === 'number' ? ' over one connection' : ''}`
    : `${(rttMs ?? 0).toFixed(rttMs !== null && rttMs < 10 ? 2 : 1)} ms`

const better =
  (preference: TurnPreference) =>
  (a: TurnCandidate, b: TurnCandidate): number =>
    (preference.mode === 'throughput' ? tunnelMbps(b) - tunnelMbps(a) : 0) ||
    (preference.mode === 'pinned' ? pinOf(a, preference.pins) - pinOf(b, preference.pins) : 0) ||
    (a.rttMs ?? 0) - (b.rttMs ?? 0) ||
    (a.key < b.key ? -1 : 1)

const pinOf = (candidate: TurnCandidate, pins: readonly string[]): number => pins.findIndex((pin) => isMeant(pin, candidate))

const nearLimit = (bestMs: number): number => bestMs + Math.max(NEAR_MS, bestMs * NEAR_SHARE)

/** A number for a node and a TURN, the same each time (rendezvous hashing): FNV-1a, its bits mixed as MurmurHash3 ends. */
function weight(self: string, key: string): number {
  let hash = fnv1a(`${self} ${key}`)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
