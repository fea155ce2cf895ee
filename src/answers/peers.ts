// The table as it is answered.

export interface PeersAnswer {
  readonly schemaVersion: 1
  readonly self: string
  readonly peers: readonly PeerAnswerRow[]
  /** Where a page was asked for: where it begins, how many rows there are on all pages, and the counts of the table. */
  readonly page?: PeersPage
}

/** The other servers, by state; kept with every change, so that asking costs nothing. */
export interface PeerCounts {
  readonly alive: number
  readonly suspect: number
  /** Heard of and not proven. */
  readonly unknown: number
  /** Of those proven: who offers to be a TURN and is reached without one. */
  readonly turns: number
  /** Measured round trip to the nearest; null: none is measured. */
  readonly nearestRttMs: number | null
}

export interface PeersPage {
  readonly offset: number
  readonly total: number
  /** This node's own row, on whichever page it is; null: it has no address. */
  readonly self: PeerAnswerRow | null
  /** Proven, suspects among them. */
  readonly here: number
  readonly alive: number
  /** Those that were here within the last 24 h; 0 where they were not asked for. */
  readonly offline: number
}

export interface PeerAnswerRow {
  readonly id: string | null
  readonly name: string
  readonly address: string
  /** All of them, best first, of a node behind several TURNs. */
  readonly addresses: readonly string[]
  /** `offline`: it was here within the last 24 h and is away; `lastProof` says when it was seen last. */
  readonly state: 'alive' | 'suspect' | 'unknown' | 'offline'
  /** Names of those who reach it while this node does not: it is alive, and no TURN of this node. Absent: this node reaches it. */
  readonly reachedBy?: readonly string[]
  /** Names of those by whose word it is listed: this node has not looked yet, or in vain. Absent: it has reached it. */
  readonly toldBy?: readonly string[]
  readonly self: boolean
  /** Best of the newest burst of pings. `rttAt`: when that was; `minMs` to `lossPct` are of the same moment. */
  readonly rttMs: number | null
  readonly rttAt: string | null
  /** The least of the last five minutes. */
  readonly minMs: number | null
  /** Of the last 16 values. */
  readonly medianMs: number | null
  readonly p95Ms: number | null
  /** Mean difference of neighbours among them; the very first value is left out. */
  readonly jitterMs: number | null
  readonly lossPct: number | null
  /** TCP's handshake with it, and when that was. */
  readonly connectMs: number | null
  readonly connectAt: string | null
  /** Answers take much longer than the handshake: the server is busy, and the path is not to blame. */
  readonly serverBusy: boolean | null
  /** Round trip beside a speed test over the same path, and when that was. It is in none of the figures above. */
  readonly loadedMs: number | null
  readonly loadedAt: string | null
  readonly downMbps: number | null
  readonly upMbps: number | null
  /** When both were measured here; null: they were not, or nobody knows when. */
  readonly speedAt: string | null
  /** What `rttMs` is: measured here, the last before others alone reached it (`told`), or made of both ends' coordinates, as of a server that this node does not ping. Null: there is none. */
  readonly measured: 'self' | 'told' | 'estimated' | null
  /** Of an estimate, how far off it may be, in percent of it. */
  readonly rttErrorPct: number | null
  /** Where it says that it is: its network coordinate. The latency between any two is estimated from theirs (domain/coordinates.ts). */
  readonly place: readonly number[] | null
  /** Offers to be a TURN and can be reached without one. */
  readonly turn: boolean
  /** The id of the TURN it is reached through. */
  readonly via: string | null
  readonly lastProof: string | null
  readonly dialect: 'moonwalk' | 'p2prc'
}
