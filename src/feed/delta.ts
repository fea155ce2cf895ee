// The live feed's messages, and both ends of them as pure functions: what changed between two renderings of the node, and how a
// reader brings its view up to date. One JSON text per WebSocket message. Figures are parts of their own: they move all the time, and
// would else drag the status along.
import type { CarriedAnswer, ClientAnswer, PeerAnswerRow, TrafficAnswer } from '../answers.ts'
import type { FeedStatus, Figures } from './figures.ts'
import type { Entry } from './news.ts'
import { keepNewest } from './news-ring.ts'

export type ActiveStates = Readonly<Record<string, readonly string[]>>

/** Sent first: everything. `seq` numbers what the reader now holds. */
export interface FeedSnapshot {
  readonly t: 's'
  readonly seq: number
  readonly status: FeedStatus
  readonly carried: CarriedAnswer
  readonly states: ActiveStates
  readonly peers: readonly PeerAnswerRow[]
  /** By the service's name. */
  readonly traffic: readonly (readonly [service: string, traffic: TrafficAnswer])[]
  readonly clients: readonly ClientAnswer[]
  /** The newest entries, oldest first, without measurements. */
  readonly news: readonly Entry[]
}

/** Then what changed from `from` to `seq`. It fits a reader that holds `from`; any other must ask anew. What is absent is unchanged. */
export interface FeedDelta {
  readonly t: 'd'
  readonly from: number
  readonly seq: number
  readonly status?: FeedStatus
  readonly carried?: CarriedAnswer
  readonly states?: ActiveStates
  /** By `peerKey`; null: the row is gone. */
  readonly peers?: readonly (readonly [key: string, row: PeerAnswerRow | null])[]
  /** By the service's name. This and the two other parts with figures change at most once a second. */
  readonly traffic?: readonly (readonly [service: string, traffic: TrafficAnswer | null])[]
  /** By the client's id. */
  readonly clients?: readonly (readonly [id: string, client: ClientAnswer | null])[]
  /** New entries without measurements, oldest first. A slow reader is not sent all of them: its numbers then have a gap. */
  readonly news: readonly Entry[]
  /** New measurements, likewise. */
  readonly measurements?: readonly Entry[]
}

/** What a row is known by from one delta to the next. */
export const peerKey = ({ id, address }: PeerAnswerRow): string => id ?? address

/** Parts that are sent whole when anything in them changed, and parts of rows, of which those are sent that changed. */
const WHOLE = ['status', 'carried', 'states'] as const
const ROWS = ['peers', 'traffic', 'clients'] as const
type Whole = (typeof WHOLE)[number]
type Rows = (typeof ROWS)[number]

/** The node at one moment, each part as JSON text: quick to compare, quick to send. */
export type Rendered = Readonly<Record<Whole, string>> & Readonly<Record<Rows, ReadonlyMap<string, string>>>

/** Which parts of it a reader has not seen yet. */
export type DirtyParts = Readonly<Record<Whole, boolean>> & Readonly<Record<Rows, ReadonlySet<string>>>

const NOTHING: ReadonlySet<string> = new Set()
export const NOTHING_DIRTY: DirtyParts = {
  status: false,
  carried: false,
  states: false,
  peers: NOTHING,
  traffic: NOTHING,
  clients: NOTHING,
}

/** Figures as text. */
export type RenderedFigures = Pick<Rendered, 'carried' | 'traffic' | 'clients'>

export const renderFigures = ({ carried, traffic, clients }: Figures): RenderedFigures => ({
  carried: JSON.stringify(carried),
  traffic: new Map([...traffic].map(([name, one]) => [name, JSON.stringify(one)])),
  clients: new Map([...clients].map(([id, client]) => [id, JSON.stringify(client)])),
})

export const renderNode = (
  status: FeedStatus,
  peers: readonly PeerAnswerRow[],
  states: ActiveStates,
  figures: RenderedFigures,
): Rendered => ({
  status: JSON.stringify(status),
  states: JSON.stringify(states),
  peers: new Map(peers.map((row) => [peerKey(row), JSON.stringify(row)])),
  ...figures,
})

export function changed(before: Rendered, after: Rendered): DirtyParts {
  return {
    status: before.status !== after.status,
    carried: before.carried !== after.carried,
    states: before.states !== after.states,
    peers: changedRows(before.peers, after.peers),
    traffic: changedRows(before.traffic, after.traffic),
    clients: changedRows(before.clients, after.clients),
  }
}

function changedRows(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): ReadonlySet<string> {
  if (before === after) return NOTHING
  const keys = new Set<string>()
  for (const [key, row] of after) if (before.get(key) !== row) keys.add(key)
  for (const key of before.keys()) if (!after.has(key)) keys.add(key)
  return keys
}

export const mergeDirty = (one: DirtyParts, other: DirtyParts): DirtyParts => ({
  status: one.status || other.status,
  carried: one.carried || other.carried,
  states: one.states || other.states,
  peers: union(one.peers, other.peers),
  traffic: union(one.traffic, other.traffic),
  clients: union(one.clients, other.clients),
})

const union = (one: ReadonlySet<string>, other: ReadonlySet<string>): ReadonlySet<string> =>
  one.size === 0 ? other : other.size === 0 ? one : new Set([...one, ...other])

export const isClean = (dirty: DirtyParts): boolean => WHOLE.every((part) => !dirty[part]) && ROWS.every((part) => dirty[part].size === 0)

/** Something was carried between the two renderings. */
export const hasMoved = ({ carried, traffic, clients }: DirtyParts): boolean => carried || traffic.size > 0 || clients.size > 0

export function snapshotText(seq: number, rendered: Rendered, news: readonly Entry[]): string {
  const parts = [
    ...WHOLE.map((part) => `"${part}":${rendered[part]}`),
    `"peers":[${[...rendered.peers.values()].join(',')}]`,
    `"traffic":[${[...rendered.traffic].map(([name, one]) => `[${JSON.stringify(name)},${one}]`).join(',')}]`,
    `"clients":[${[...rendered.clients.values()].join(',')}]`,
    `"news":${JSON.stringify(news)}`,
  ]
  return `{"t":"s","seq":${seq},${parts.join(',')}}`
}

/** Entries by their kind, oldest first. */
export interface NewsByKind {
  readonly news: readonly Entry[]
  readonly measurements: readonly Entry[]
}

export const NO_NEWS: NewsByKind = { news: [], measurements: [] }

/** What is still worth telling of the two: at most `count` of each kind. */
export const appendNews = (before: NewsByKind, then: NewsByKind, count: number): NewsByKind => ({
  news: keepNewest([...before.news, ...then.news], count),
  measurements: keepNewest([...before.measurements, ...then.measurements], count),
})

export function deltaText(from: number, seq: number, rendered: Rendered, dirty: DirtyParts, { news, measurements }: NewsByKind): string {
  const rowsOf = (part: Rows): string =>
    [...dirty[part]].map((key) => `[${JSON.stringify(key)},${rendered[part].get(key) ?? 'null'}]`).join(',')
  const parts = [
    ...WHOLE.filter((part) => dirty[part]).map((part) => `"${part}":${rendered[part]}`),
    ...ROWS.filter((part) => dirty[part].size > 0).map((part) => `"${part}":[${rowsOf(part)}]`),
    `"news":${JSON.stringify(news)}`,
    ...(measurements.length > 0 ? [`"measurements":${JSON.stringify(measurements)}`] : []),
  ]
  return `{"t":"d","from":${from},"seq":${seq},${parts.join(',')}}`
}

/** What a reader holds. */
export interface FeedView extends Figures, NewsByKind {
  readonly seq: number
  readonly status: FeedStatus
  readonly peers: ReadonlyMap<string, PeerAnswerRow>
  readonly states: ActiveStates
}

/** The view after one message, with at most `maxNews` entries of each kind; null when it does not follow on: connect again. */
export function applyFeed(view: FeedView | null, message: FeedSnapshot | FeedDelta, maxNews = 50): FeedView | null {
  if (message.t === 's') {
    const { seq, status, carried, states, traffic, news } = message
    return {
      seq,
      status,
      carried,
      states,
      news: keepNewest(news, maxNews),
      measurements: view?.measurements ?? [],
      peers: new Map(message.peers.map((row) => [peerKey(row), row])),
      traffic: new Map(traffic),
      clients: new Map(message.clients.map((client) => [client.id, client])),
    }
  }
  if (view === null || message.from !== view.seq) return null
  return {
    seq: message.seq,
    status: message.status ?? view.status,
    carried: message.carried ?? view.carried,
    states: message.states ?? view.states,
    peers: patched(view.peers, message.peers),
    traffic: patched(view.traffic, message.traffic),
    clients: patched(view.clients, message.clients),
    ...appendNews(view, { news: message.news, measurements: message.measurements ?? [] }, maxNews),
  }
}

function patched<Row>(
  rows: ReadonlyMap<string, Row>,
  changes: readonly (readonly [key: string, row: Row | null])[] | undefined,
): ReadonlyMap<string, Row> {
  if (changes === undefined) return rows
  const after = new Map(rows)
  for (const [key, row] of changes) {
    if (row === null) after.delete(key)
    else after.set(key, row)
  }
  return after
}
