// What the node answers about itself: the objects that `--json`, the control API and the dashboard share.
// A change that breaks one raises `SCHEMA_VERSION` and is written in the CHANGELOG.
import type { DrainAnswer } from './answers/carried.ts'
import type { CheckupAnswer, HistoryAnswer, NetcheckAnswer } from './answers/checks.ts'
import type { PingAnswer, SpeedtestAnswer } from './answers/measurements.ts'
import type { PeerCounts, PeersAnswer } from './answers/peers.ts'
import type { Refusal } from './answers/refusal.ts'
import type { ConnectableAnswer, Connection, ServiceAnswer, ServiceSpec } from './answers/services.ts'
import type { PinAnswer, StatusAnswer } from './answers/status.ts'
import type { PageAsk } from './domain/ip-table.ts'
import type { Entry } from './feed/news.ts'
import type { NewsKind } from './feed/news-desk.ts'

export type * from './answers/carried.ts'
export type * from './answers/checks.ts'
export type * from './answers/measurements.ts'
export type * from './answers/network.ts'
export type * from './answers/options.ts'
export type * from './answers/peers.ts'
export type * from './answers/refusal.ts'
export type * from './answers/services.ts'
export type * from './answers/status.ts'

export const SCHEMA_VERSION = 1

/** What the command, the control server and tests hold of a running node. `createNode` makes it. */
export interface MoonwalkNode {
  readonly id: string
  readonly name: string
  /**
   * Opens the public port, then joins. Settles when it listens (or needs not): the bound
   * `host:port`, null without. A refusal if the port can't be had.
   */
  start(): Promise<{ readonly type: 'started'; readonly listen: string | null } | Refusal>
  /** Ends tunnels, proxies and listeners, writes the table. Settles within 4 s. */
  stop(): Promise<void>
  status(): StatusAnswer
  /**
   * `all`: with servers that were here within the last 24 h and are away, which come last. Default: `here`. `page`: that page alone, by
   * latency unless it says otherwise; absent: everybody.
   */
  peers(which?: 'here' | 'all', page?: Partial<PageAsk>): PeersAnswer
  peerCounts(): PeerCounts
  /** The IP table as its file shows it. */
  table(): { readonly ip_address: readonly Readonly<Record<string, unknown>>[] }
  /** Where others may join by asking this node or one it knows, for an invitation: itself first, at most four. */
  meetingPoints(): readonly { readonly id: string; readonly address: string }[]
  /** All news from now on. Returns the end of it. */
  onNews(listener: (entry: Entry) => void): () => void
  /**
   * The newest entries of one kind, oldest first, at most `count`; 256 of each kind are kept. `measurements`: what came of pings and
   * speed tests. `news`, the default: everything else.
   */
  recentNews(count: number, kind?: NewsKind): readonly Entry[]
  /**
   * Active state paths per machine: `{ node: ['tunnelling', 'tunnelling.up'], tunnel: [...] }`. Where several of one machine run,
   * its entry joins them, and each has an entry of its own, `MACHINE/INSTANCE` (`turnSession/203.0.113.9:4711`): the newest 64.
   */
  activeStates(): Readonly<Record<string, readonly string[]>>
  /** The last `minutes`; default and most: 1,440. */
  history(minutes?: number): HistoryAnswer
  netcheck(): NetcheckAnswer
  /** Asks a few peers what time it is. */
  checkup(): Promise<CheckupAnswer>
  add(address: string): Promise<{ readonly type: 'added'; readonly address: string } | Refusal>
  remove(peer: string): { readonly type: 'removed'; readonly address: string } | Refusal
  /**
   * Has these carry for this node and nobody else, the best first, in place of those pinned before; none: as it was started.
   * Refused where one can't be a TURN now. Kept over restarts.
   */
  pin(peers: readonly string[]): PinAnswer | Refusal
  /** Settles when the service's public address is proven, or with the reason after `timeoutMs`. */
  expose(spec: ServiceSpec, timeoutMs: number): Promise<ServiceAnswer | Refusal>
  /**
   * As a TURN: no new clients; those who are here are told, and waited for until they are carried elsewhere and nothing is under way,
   * for so long at the most. The node goes on until it is stopped.
   */
  drain(patienceMs: number): Promise<DrainAnswer>
  unexpose(name: string): { readonly type: 'unexposed'; readonly name: string } | Refusal
  /** PEER: an id, an unambiguous start of one (6 characters or more), a name, or `host:port`. */
  ping(peer: string): Promise<PingAnswer | Refusal>
  speedtest(peer: string): Promise<SpeedtestAnswer | Refusal>
  /** TARGET: `PEER/SERVICE`. `port`: of this machine, on loopback; 0, the default, picks one. */
  connect(target: string, port?: number): Promise<Connection | Refusal>
  /** Asks the peers what this node may reach. */
  connectable(): Promise<ConnectableAnswer>
}
