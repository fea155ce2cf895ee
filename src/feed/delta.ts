// The live feed's messages, and both ends of them as pure functions: what changed between two looks at the node, and how a reader
// brings its view up to date. One JSON text per WebSocket message.
import type { PeerAnswerRow, StatusAnswer } from '../answers.ts'
import type { Entry } from './news.ts'

export type ActiveStates = Readonly<Record<string, readonly string[]>>

/** Sent first: everything. `seq` numbers what the reader now holds. */
export interface FeedSnapshot {
  readonly t: 's'
  readonly seq: number
  readonly status: StatusAnswer
  readonly peers: readonly PeerAnswerRow[]
  readonly states: ActiveStates
  /** The newest entries, oldest first. */
  readonly news: readonly Entry[]
}

/** Then what changed from `from` to `seq`. It fits a reader that holds `from`; any other must ask anew. What is absent is unchanged. */
export interface FeedDelta {
  readonly t: 'd'
  readonly from: number
  readonly seq: number
  readonly status?: StatusAnswer
  /** By `peerKey`; null: the row is gone. */
  readonly peers?: readonly (readonly [key: string, row: PeerAnswerRow | null])[]
  readonly states?: ActiveStates
  /** New entries, oldest first. A slow reader is not sent all of them: its numbers then have a gap. */
  readonly news: readonly Entry[]
}

/** What a row is known by from one delta to the next. */
export const peerKey = ({ id, address }: PeerAnswerRow): string => id ?? address

/** One look at the node, each part as JSON text: quick to compare, quick to send. */
export interface Look {
  readonly status: string
  readonly states: string
  readonly peers: ReadonlyMap<string, string>
}

/** Which parts of a look a reader has not seen yet. */
export interface Dirt {
  readonly status: boolean
  readonly states: boolean
  readonly peers: ReadonlySet<string>
}

export const NO_DIRT: Dirt = { status: false, states: false, peers: new Set() }

export const lookAt = (status: StatusAnswer, peers: readonly PeerAnswerRow[], states: ActiveStates): Look => ({
  status: JSON.stringify(status),
  states: JSON.stringify(states),
  peers: new Map(peers.map((row) => [peerKey(row), JSON.stringify(row)])),
})

export function changed(before: Look, after: Look): Dirt {
  const peers = new Set<string>()
  for (const [key, row] of after.peers) if (before.peers.get(key) !== row) peers.add(key)
  for (const key of before.peers.keys()) if (!after.peers.has(key)) peers.add(key)
  return { status: before.status !== after.status, states: before.states !== after.states, peers }
}

export const mergeDirt = (one: Dirt, other: Dirt): Dirt => ({
  status: one.status || other.status,
  states: one.states || other.states,
  peers: one.peers.size === 0 ? other.peers : other.peers.size === 0 ? one.peers : new Set([...one.peers, ...other.peers]),
})

export const isClean = ({ status, states, peers }: Dirt): boolean => !status && !states && peers.size === 0

export function snapshotText(seq: number, look: Look, news: readonly Entry[]): string {
  const peers = [...look.peers.values()].join(',')
  return `{"t":"s","seq":${seq},"status":${look.status},"peers":[${peers}],"states":${look.states},"news":${JSON.stringify(news)}}`
}

export function deltaText(from: number, seq: number, look: Look, dirt: Dirt, news: readonly Entry[]): string {
  const rows = [...dirt.peers].map((key) => `[${JSON.stringify(key)},${look.peers.get(key) ?? 'null'}]`)
  const parts = [
    ...(dirt.status ? [`"status":${look.status}`] : []),
    ...(rows.length > 0 ? [`"peers":[${rows.join(',')}]`] : []),
    ...(dirt.states ? [`"states":${look.states}`] : []),
    `"news":${JSON.stringify(news)}`,
  ]
  return `{"t":"d","from":${from},"seq":${seq},${parts.join(',')}}`
}

/** What a reader holds. */
export interface FeedView {
  readonly seq: number
  readonly status: StatusAnswer
  readonly peers: ReadonlyMap<string, PeerAnswerRow>
  readonly states: ActiveStates
  /** Oldest first, at most `maxNews`. */
  readonly news: readonly Entry[]
}

/** The view after one message; null when it does not follow on: connect again. */
export function applyFeed(view: FeedView | null, message: FeedSnapshot | FeedDelta, maxNews = 50): FeedView | null {
  if (message.t === 's') {
    const { seq, status, states, news } = message
    return { seq, status, states, news: news.slice(-maxNews), peers: new Map(message.peers.map((row) => [peerKey(row), row])) }
  }
  if (view === null || message.from !== view.seq) return null
  const peers = new Map(view.peers)
  for (const [key, row] of message.peers ?? []) {
    if (row === null) peers.delete(key)
    else peers.set(key, row)
  }
  return {
    seq: message.seq,
    status: message.status ?? view.status,
    states: message.states ?? view.states,
    peers: message.peers ? peers : view.peers,
    news: message.news.length > 0 ? [...view.news, ...message.news].slice(-maxNews) : view.news,
  }
}
