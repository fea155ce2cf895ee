// The node's own last day, by the minute: what a minute counts as, whose minutes are kept, and for how long.

/** Minutes that are kept: 24 hours. */
export const HISTORY_MINUTES = 1_440
/** Peers whose minutes are kept, beside those that are TURN for this node. */
export const HISTORY_PEERS = 200
/** Events that are kept. */
export const HISTORY_EVENTS = 300
/** Speeds that are kept of one peer. */
export const HISTORY_SPEEDS = 48

/** Services whose traffic is kept; of further ones it is not. */
export const HISTORY_TRAFFIC = 100

/** Codes of one minute, as they lie in memory; `STATE_LETTERS` has their letters. */
export const UNKNOWN = 0
export const UP = 1
export const DEGRADED = 2
export const AWAY = 3
export type MinuteState = typeof UNKNOWN | typeof UP | typeof DEGRADED | typeof AWAY

/** As they are told and written: unknown, up, degraded, away. */
export const STATE_LETTERS = '.uda'

export const minuteOf = (wallMs: number): number => Math.floor(wallMs / 60_000)

/** One more look within a minute. What was up and away within one minute was degraded in it. */
export function foldMinute(before: MinuteState, seen: MinuteState): MinuteState {
  if (before === UNKNOWN || before === seen) return seen
  return seen === UNKNOWN ? before : DEGRADED
}

/** What came for a service. */
export interface Passed {
  /** From users to the service. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** Of users, begun. */
  readonly connections: number
}

/** What came since `before`, by counts that only rise: where one has fallen they began anew. */
export function passedSince(before: Passed | undefined, now: Passed): Passed {
  if (!before || now.bytesIn < before.bytesIn || now.bytesOut < before.bytesOut || now.connections < before.connections) return now
  return {
    bytesIn: now.bytesIn - before.bytesIn,
    bytesOut: now.bytesOut - before.bytesOut,
    connections: now.connections - before.connections,
  }
}

type Figures = readonly (number | null)[]

/** All together. */
export const sumOf = (figures: Figures): number => figures.reduce<number>((sum, one) => sum + (one ?? 0), 0)

/** The sums of so many parts of equal length, oldest first; null where nothing of a part is known. */
export function sumsOfParts(figures: Figures, count: number): Figures {
  const at = (part: number): number => Math.floor((part * figures.length) / count)
  return Array.from({ length: count }, (_, i) => {
    const part = figures.slice(at(i), Math.max(at(i) + 1, at(i + 1)))
    return part.every((one) => one === null) ? null : sumOf(part)
  })
}

/** Percent of the known minutes that were up or degraded, with one decimal; null where none is known. */
export function upPercent(letters: string): number | null {
  const away = letters.split('a').length - 1
  const known = letters.length - (letters.split('.').length - 1)
  return known === 0 ? null : Math.round(((known - away) / known) * 1_000) / 10
}

export const peerMinute = (state: 'alive' | 'suspect' | 'unknown' | 'offline'): MinuteState =>
  (({ alive: UP, suspect: DEGRADED, unknown: UNKNOWN, offline: AWAY }) as const)[state]

/** One that is opened, and something is known to stand in the way, is as far from its users as one that is down. */
export const serviceMinute = ({
  state,
  error,
}: {
  readonly state: 'up' | 'opening' | 'down'
  readonly error: string | null
}): MinuteState => (state === 'up' ? UP : state === 'opening' && error === null ? DEGRADED : AWAY)

/** Of the node itself: whether others reach it. */
export const nodeMinute = (reachability: 'public' | 'tunnelled' | 'unknown'): MinuteState => (reachability === 'unknown' ? AWAY : UP)

interface Nearness {
  readonly key: string
  readonly rttMs: number | null
  readonly isTurn: boolean
}

/** Whose minutes are kept: this node's TURNs, then the nearest. */
export function followed(peers: readonly Nearness[], most = HISTORY_PEERS): ReadonlySet<string> {
  const nearest = peers
    .filter(({ isTurn }) => !isTurn)
    .sort((a, b) => (a.rttMs ?? Number.POSITIVE_INFINITY) - (b.rttMs ?? Number.POSITIVE_INFINITY) || (a.key < b.key ? -1 : 1))
  return new Set([...peers.filter(({ isTurn }) => isTurn), ...nearest.slice(0, most)].map(({ key }) => key))
}

const TOLD = /^(node\.reachability|node\.listening|node\.stopped|service\.|turn\.|seed\.failed|warned)/
const OF_PEERS = /^peer\.(added|suspected|cleared|removed)$/

/** News that say why a minute was not up. Those of peers come with every restart of somebody, and are kept in half of the places. */
export const eventClass = (type: string): 'own' | 'peer' | null => (TOLD.test(type) ? 'own' : OF_PEERS.test(type) ? 'peer' : null)
