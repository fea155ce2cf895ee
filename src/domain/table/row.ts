// One row of the IP table: what is known of one server, and what a change of it is called. Values only.
import { type Latency, NO_LATENCY } from '../latency.ts'
import type { PeerRecord } from '../record.ts'
import type { Suspicion } from '../suspicion.ts'

/** Who told of a row that is not proven, and since when (wall time) it waits. `source`: an IP address or an id; null: this node itself, or a person. */
export interface Heard {
  readonly source: string | null
  readonly atMs: number
}

/** As it was last measured. `mbps` null: that failed. */
export interface SustainedRate {
  readonly mbps: number | null
  /** Wall time. */
  readonly atMs: number
}

export interface Row {
  readonly key: string
  readonly record: PeerRecord
  /** `unknown`: heard of, not proven yet; not part of what is shown or passed on. */
  readonly state: 'unknown' | 'alive' | 'suspect'
  readonly latency: Latency
  readonly downMbps: number | null
  readonly upMbps: number | null
  /** Wall time of the last speed test tried; null before the first. */
  readonly speedAtMs: number | null
  /** What one connection keeps up, where it may become this node's TURN by its throughput. Null: that was not tried. */
  readonly sustained: SustainedRate | null
  /** Wall time of the last answer it gave us. */
  readonly lastProofMs: number | null
  /** Failed bursts in a row. */
  readonly strikes: number
  /** Counts this table's changes of what is passed on: higher is newer. */
  readonly version: number
  /** What the file says of a row that was not proven in this run: it stays in the file until it is known to be gone. */
  readonly stored: StoredFigures | null
  /** `NAME:port` as a person wrote it, where that is a host name: the file keeps it, and it is asked again when the row is gone. */
  readonly written: string | null
  /** Null: it is not suspected of having died. */
  readonly suspicion: Suspicion | null
  /** Ids of those who reach it while this node does not; empty: this node does, or nobody said so. */
  readonly reachedBy: readonly string[]
  /** Of a row that this node has not reached at its address: who told of it, and since when it waits. Null where it stands proven, or in the file. */
  readonly heard: Heard | null
  /** Ids of those by whose word alone it is listed: this node has not looked yet, or in vain. Absent: it has reached it, or does not list it. */
  readonly told?: readonly string[] | undefined
  /** It was, at another address, and has moved since. */
  readonly wasTold?: true | undefined
  /** It answered this node at its address, and was not pinged since: how near it is nobody knows yet. */
  readonly isUntimed?: true | undefined
}

/** A row of the file. What this node could not look at yet is no fact about it. */
export interface StoredFigures {
  readonly latencyMs: number | null
  readonly downMbps: number | null
  readonly upMbps: number | null
  /** Wall time of that test; null: not known. */
  readonly speedAtMs: number | null
  /** ISO time. */
  readonly lastSeen: string | null
  /** Wall time since when it is silent while others answer; null: that was not seen yet. */
  readonly silentSinceMs: number | null
}

export const NOT_MEASURED: StoredFigures = {
  latencyMs: null,
  downMbps: null,
  upMbps: null,
  speedAtMs: null,
  lastSeen: null,
  silentSinceMs: null,
}

/** A removed row. */
export interface Gone {
  readonly row: Row
  /** The highest count its owner was heard with. For `OFFLINE_FOR` nothing that counts lower is believed. */
  readonly seq: number
  /** The owner's signed word of that count. */
  readonly word: string | null
  readonly atMs: number
  readonly why: string
  /** It is a server that was here and is away now, to be shown as offline. Not so: its address was somebody else's, or a person removed it. */
  readonly away: boolean
}

export type Change =
  | { readonly type: 'heard' | 'cleared'; readonly row: Row }
  /** `isFirst`: it was listed by others' word until now. */
  | { readonly type: 'measured'; readonly row: Row; readonly isFirst?: true }
  /** This node can't reach it and others do. */
  | { readonly type: 'reachedByOthers'; readonly row: Row }
  /** `formerKey`: it was known by its address alone until now. */
  | { readonly type: 'added' | 'changed'; readonly row: Row; readonly formerKey?: string }
  | { readonly type: 'suspected' | 'removed'; readonly row: Row; readonly why: string }
  /** Never proven and now forgotten; nobody was told of it. */
  | { readonly type: 'dropped'; readonly row: Row; readonly why: string }

/** Nothing is believed of it yet. */
export const newRow = (key: string, record: PeerRecord, version: number, heard: Heard | null): Row => ({
  key,
  record,
  state: 'unknown',
  latency: NO_LATENCY,
  downMbps: null,
  upMbps: null,
  speedAtMs: null,
  sustained: null,
  lastProofMs: null,
  strikes: 0,
  version,
  stored: null,
  written: null,
  suspicion: null,
  reachedBy: [],
  heard,
})

/** Told by others and never seen: what stands in the file, or has only moved, is known by more than that. */
export const isUnproven = ({ state, stored, lastProofMs }: Pick<Row, 'state' | 'stored' | 'lastProofMs'>): boolean =>
  state === 'unknown' && stored === null && lastProofMs === null

/** Proven, or vouched for, suspects among them: what people see. */
export const isListed = ({ state }: Pick<Row, 'state'>): boolean => state !== 'unknown'

/** Reached by this node itself at the address it stands with: what is decided by who is there is decided by these. */
export const isProven = ({ state, told }: Pick<Row, 'state' | 'told'>): boolean => state !== 'unknown' && told === undefined

/** Only what is listed is passed on, by this node's own proof or by vouches, which everybody checks for itself; a suspect too, so that all who hold the same words pass on the same. */
export const isPassedOn = ({ state, record }: Pick<Row, 'state' | 'record'>): boolean =>
  state !== 'unknown' && (record.envelope !== null || record.id === null)

/** It could be this node's TURN: it answers this node, offers to be one, and is reached without one. */
export const isTurnCandidate = ({
  state,
  reachedBy,
  told,
  record: { offersTurn, via, p2prc },
}: Pick<Row, 'state' | 'record' | 'reachedBy' | 'told'>): boolean =>
  state === 'alive' &&
  told === undefined &&
  reachedBy.length === 0 &&
  offersTurn &&
  via === null &&
  p2prc?.escapeImplementation !== 'FRP' &&
  p2prc?.nat !== true
