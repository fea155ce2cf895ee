// What the node finds out about itself and its day.
import type { Check } from '../domain/checkup.ts'
import type { Nat, ReachFinding, TurnBrief } from '../domain/netcheck.ts'

/** How this node is seen from outside. */
export interface NetcheckAnswer {
  readonly schemaVersion: 1
  readonly reachability: 'public' | 'tunnelled' | 'unknown'
  readonly address: string | null
  /** This machine's own addresses, best first, loopback left out. */
  readonly machine: readonly string[]
  readonly nat: Nat
  /** What each peer that was asked to connect back has said last, newest first. `id`: of a P2PRC peer its address. */
  readonly seen: readonly (Omit<ReachFinding, 'by' | 'atMs'> & { readonly id: string; readonly name: string; readonly at: string })[]
  /** `text`: why the two differ, or that they don't. */
  readonly turns: { readonly nearest: TurnBrief | null; readonly chosen: TurnBrief | null; readonly text: string }
  /** The newest measured here. */
  readonly speeds: readonly {
    readonly id: string
    readonly name: string
    readonly downMbps: number | null
    readonly upMbps: number | null
    readonly at: string
  }[]
}

/** What commonly goes wrong, worst first. */
export interface CheckupAnswer {
  readonly schemaVersion: 1
  readonly checks: readonly Check[]
}

/** The node's own last day. */
export interface HistoryAnswer {
  readonly schemaVersion: 1
  /** When the first minute begins; the last is now. */
  readonly from: string
  readonly minutes: number
  readonly series: readonly HistorySeries[]
  /** What happened meanwhile that says why something was not up, oldest first. `text`: a sentence. */
  readonly events: readonly { readonly at: string; readonly type: string; readonly text: string }[]
}

export interface HistorySeries {
  /** `node`: whether others reach this node. */
  readonly kind: 'node' | 'service' | 'peer'
  readonly id: string
  readonly name: string
  /** A letter a minute: `u` up, `d` degraded (in part, or suspected), `a` away, `.` unknown. */
  readonly states: string
  /** Percent of the known minutes that it was not away. */
  readonly upPct: number | null
  /** A value a minute; empty for what has no latency. */
  readonly rttMs: readonly (number | null)[]
  readonly jitterMs: readonly (number | null)[]
  readonly speeds: readonly { readonly at: string; readonly downMbps: number | null; readonly upMbps: number | null }[]
  /** Of a service for which something has come within the last 24 hours; else null. */
  readonly traffic: HistoryTraffic | null
}

/** A value a minute, null where that is not known. Read every 20 s: what passed in the last of a minute may count for the next. */
export interface HistoryTraffic {
  /** From users to the service, as they send it. */
  readonly bytesIn: readonly (number | null)[]
  readonly bytesOut: readonly (number | null)[]
  /** Of users, begun; without those that this node made itself to prove the service. For udp: users whose datagrams began to pass. */
  readonly connections: readonly (number | null)[]
}
