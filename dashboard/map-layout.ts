// Where each server stands on the map: its distance from the middle, which is this node, is its latency; its direction is that of its
// coordinate, so that neighbours of each other stand together.
import type { PeerAnswerRow } from '../src/answers.ts'
import { type Coordinate, estimateError, estimateMs, readCoordinate } from '../src/domain/coordinates.ts'
import { peerKey } from '../src/feed/delta.ts'

/** `turn`: what this node is reached through now; `standby`: the tunnels beside it. */
export type DotKind = 'turn' | 'standby' | 'offers' | 'alive' | 'suspect'

export interface Dot {
  readonly key: string
  readonly name: string
  readonly kind: DotKind
  readonly rttMs: number
  /** The middle is 0, 0; the outermost ring has radius 1. */
  readonly x: number
  readonly y: number
}

export interface ServerMap {
  readonly dots: readonly Dot[]
  /** Latencies and their radius, the innermost first. */
  readonly rings: readonly { readonly ms: number; readonly radius: number }[]
  /** Servers that have no latency, or are further than those shown. */
  readonly left: number
}

export const MOST_DOTS = 300
const OUTERMOST_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000]
/** How much of the drawing the near ones have: a tenth of the outermost latency stands at a bit more than a quarter of the way. */
const NEAR_SHARE = 9
/** Servers at one place part by so much, in radians. */
const SPREAD = 1.2

/** `tunnels`: ids of the TURNs in use, the first one first. */
export function serverMap(rows: readonly PeerAnswerRow[], tunnels: readonly string[], most = MOST_DOTS): ServerMap {
  const others = rows.filter(({ self, state }) => !self && state !== 'offline')
  const near = others
    .flatMap((row) => (row.rttMs === null ? [] : [{ row, rttMs: row.rttMs, isUsed: row.id !== null && tunnels.includes(row.id) }]))
    .toSorted((a, b) => Number(b.isUsed) - Number(a.isUsed) || a.rttMs - b.rttMs)
    .slice(0, most)
  const furthestMs = Math.max(0, ...near.map(({ rttMs }) => rttMs))
  const outerMs = OUTERMOST_MS.find((ms) => ms >= furthestMs) ?? furthestMs
  const radiusOf = (ms: number) => Math.log1p((NEAR_SHARE * ms) / outerMs) / Math.log1p(NEAR_SHARE)
  const middle = readCoordinate(rows.find(({ self }) => self)?.place)
  const dots = near.map(({ row, rttMs }) => {
    const [angle, radius] = [angleOf(row, middle), radiusOf(rttMs)]
    const [x, y] = [radius * Math.cos(angle), radius * Math.sin(angle)]
    return { key: peerKey(row), name: row.name, kind: kindOf(row, tunnels), rttMs, x, y }
  })
  const rings = [outerMs / 10, outerMs / 5, outerMs / 2, outerMs].map((ms) => ({ ms, radius: radiusOf(ms) }))
  return { dots, rings, left: others.length - dots.length }
}

function kindOf({ id, state, turn }: PeerAnswerRow, tunnels: readonly string[]): DotKind {
  const place = id === null ? -1 : tunnels.indexOf(id)
  if (place >= 0) return place === 0 ? 'turn' : 'standby'
  if (state !== 'alive') return 'suspect'
  return turn ? 'offers' : 'alive'
}

function angleOf(row: PeerAnswerRow, middle: Coordinate | null): number {
  const chance = fractionOf(peerKey(row))
  const [x = 0, y = 0] = readCoordinate(row.place)?.at ?? []
  const [fromX, fromY] = [x - (middle?.at[0] ?? 0), y - (middle?.at[1] ?? 0)]
  return row.place === null || (fromX === 0 && fromY === 0) ? 2 * Math.PI * chance : Math.atan2(fromY, fromX) + SPREAD * (chance - 0.5)
}

/** Always the same for a key, between 0 and 1 (FNV-1a). */
function fractionOf(key: string): number {
  let hash = 0x811c9dc5
  for (const sign of key) hash = Math.imul(hash ^ (sign.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return hash / 2 ** 32
}

/** The latency between two of them. Of an estimate, how far off it may be, in percent. */
export type Between = { readonly ms: number; readonly offPct: number | null }

/** Null: it is neither measured nor can it be estimated. */
export function between(a: PeerAnswerRow, b: PeerAnswerRow): Between | null {
  const other = a.self ? b : b.self ? a : null
  if (other) return other.rttMs === null ? null : { ms: other.rttMs, offPct: other.measured === 'estimated' ? other.rttErrorPct : null }
  const [from, to] = [readCoordinate(a.place), readCoordinate(b.place)]
  return from && to ? { ms: estimateMs(from, to), offPct: Math.round(100 * estimateError(from, to)) } : null
}
