// What the node answers about itself: the objects that `--json`, the control API and the dashboard share.
// A change that breaks one raises `SCHEMA_VERSION` and is written in the CHANGELOG.
import type { Check } from './domain/checkup.ts'
import type { PageAsk } from './domain/ip-table.ts'
import type { Nat, ReachFinding, TurnBrief } from './domain/netcheck.ts'
import type { NetworkKind } from './domain/network-kind.ts'
import type { Offer, Rations } from './domain/offer.ts'
import type { RotationStep } from './domain/secret-rotation.ts'
import type { TurnPreference } from './domain/turn-choice.ts'
import type { Entry } from './feed/news.ts'
import type { NewsKind } from './feed/news-desk.ts'

export const SCHEMA_VERSION = 1

export interface StatusAnswer {
  readonly schemaVersion: 1
  readonly node: {
    readonly id: string
    readonly name: string
    readonly version: string
    /** The path of the node machine's state, such as `tunnelling.up`. */
    readonly state: string
    /** Where others reach this node; null while nothing is proven. */
    readonly address: string | null
    readonly reachability: 'public' | 'tunnelled' | 'unknown'
    readonly startedAt: string
    /** The kind of network it is in; `text`: what that means, as a clause. */
    readonly network: { readonly kind: 'open' | 'private'; readonly text: string }
  }
  /** The first of them, or while none is open the first that is to be; null where none is used. */
  readonly turn: TurnAnswer | null
  /** A tunnel each, best first. */
  readonly turns: readonly TunnelAnswer[]
  /** The TURNs that a person pinned on the running node, the best first, by id or address: nobody else is used. Absent: none are. */
  readonly pins?: readonly string[]
  readonly services: readonly ServiceAnswer[]
  /** What this node carries as TURN, those who have been here longest first, with at most 1,000 proxies in all. */
  readonly clients: readonly ClientAnswer[]
  /** All it carries and has carried as TURN, however many that are. */
  readonly carried: CarriedAnswer
  /** Automatic speed tests within the last day, both ways together. `budgetBytes` 0: there are none. */
  readonly speedtests: { readonly budgetBytes: number; readonly usedBytes: number }
  readonly health: readonly HealthAnswer[]
}

export interface TurnAnswer {
  readonly id: string | null
  readonly name: string
  readonly address: string
  readonly rttMs: number | null
  /** As the figures are now: also what is nearest, and why that one is not used. */
  readonly reason: string
  /** When its latency was last measured; null: not known. */
  readonly reasonAt: string | null
  readonly since: string
  readonly provenAt: string | null
}

/** One of the tunnels that a node behind NAT holds. */
export interface TunnelAnswer {
  readonly id: string | null
  readonly name: string
  readonly address: string
  readonly rttMs: number | null
  /** `opening`: nothing came through it yet, or comes any more. `retiring`: it was left, and its users have time to end their connections. */
  readonly state: 'open' | 'opening' | 'retiring'
  /** Where this node is reached through it; null unless it is open. */
  readonly public: string | null
  readonly since: string | null
  readonly provenAt: string | null
}

export interface ServiceAnswer {
  readonly name: string
  readonly kind: 'tcp' | 'udp' | 'http' | 'https'
  readonly local: string
  /**
   * Null while nothing is proven. `host:port` for tcp and udp. For http and https, which answer by name only, a URL:
   * `http://DOMAIN[:PORT]`, the port left out where it is 80 (443). The proof went to the TURN's address with that name; that the
   * name leads there is up to whoever owns it.
   */
  readonly public: string | null
  /** The same at each who carries it, best first; none while nobody does. */
  readonly at: readonly ServicePlaceAnswer[]
  readonly state: 'up' | 'opening' | 'down'
  /** Why it is not up, as a clause for people; null: it is, or nothing went wrong yet. */
  readonly error: string | null
  /**
   * The same as `state` in the words of the service's machine (diagrams/exposedService.svg). `waiting`: nobody to carry it yet;
   * `opening`: a public port or domain is asked for; `proving`: its public address is tried; `unhealthy`: its check fails, or has
   * not passed yet; `refused`: who carries it said no, and is asked again every 30 s; `private`: nothing public is opened for it.
   */
  readonly phase: 'waiting' | 'opening' | 'proving' | 'up' | 'unhealthy' | 'refused' | 'private'
  /** The same as `error` for programs: see src/domain/service-cause.ts for the types and their fields. */
  readonly cause: { readonly type: string; readonly [field: string]: string | number | null } | null
  /** Up since then; null while it is not. */
  readonly since: string | null
  /** When something sent to its public address last came out at its local end; null while it is not up. */
  readonly provenAt: string | null
  /** Of this run, through whatever carried it; null while nothing has come for it. */
  readonly traffic: TrafficAnswer | null
}

/** A service at one who carries it. */
export interface ServicePlaceAnswer {
  /** The TURN's name; null: this node's own ports. */
  readonly turn: string | null
  readonly public: string | null
  readonly state: ServiceAnswer['state']
  readonly error: string | null
  readonly provenAt: string | null
}

/** What came for one proxy, in bytes as users send and receive them. */
export interface TrafficAnswer {
  /** Of users; for udp: users whose datagrams passed within 30 s. What this node sends to prove a service counts too. */
  readonly connectionsNow: number
  readonly connectionsEver: number
  /** From users to the service. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** Of the last seconds: what is 5 s old weighs a seventh. */
  readonly inBytesPerSecond: number
  readonly outBytesPerSecond: number
  /** How often somebody was not served. */
  readonly errorsEver: number
  readonly lastError: { readonly text: string; readonly at: string } | null
}

/** An frp client whose proxies this node carries. */
export interface ClientAnswer {
  /** Its run id. */
  readonly id: string
  /** As the signed record has it of the node with its proven id, or of one that says it is reached through one of these ports; null: there is none. */
  readonly name: string | null
  /** The id that it has proven; null: a stock frp client, or a stranger. */
  readonly member: string | null
  /** Where it connects from. */
  readonly address: string
  /** Of frp, as it says. */
  readonly version: string
  /** Whether it says that it is moonwalk. */
  readonly dialect: 'moonwalk' | 'frp'
  readonly since: string
  readonly proxies: readonly ProxyAnswer[]
}

export interface ProxyAnswer extends TrafficAnswer {
  readonly name: string
  readonly kind: 'tcp' | 'udp' | 'http' | 'https'
  readonly port: number
}

export interface CarriedAnswer {
  readonly clients: number
  readonly proxies: number
  readonly connectionsNow: number
  /** In this run, with those of proxies that are gone. */
  readonly connectionsEver: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly errorsEver: number
}

export interface HealthAnswer {
  readonly level: 'info' | 'warn' | 'error'
  /** What is wrong, as a clause. */
  readonly text: string
  /** What to do about it, as a sentence. */
  readonly fix: string
}

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
  /** Where it says that it is: its network coordinate. The latency between any two is estimated from theirs (docs/measuring.md). */
  readonly place: readonly number[] | null
  /** Offers to be a TURN and can be reached without one. */
  readonly turn: boolean
  /** The id of the TURN it is reached through. */
  readonly via: string | null
  readonly lastProof: string | null
  readonly dialect: 'moonwalk' | 'p2prc'
}

export interface PingAnswer {
  readonly schemaVersion: 1
  /** Best of the samples. */
  readonly rttMs: number
  readonly samples: readonly number[]
  /** Answers beside them that came while this machine was late itself. */
  readonly discarded: number
  /** A speed test over the same path ran meanwhile: its queues were timed too. */
  readonly isLoaded: boolean
  /** TCP's handshake; null where a warm connection was used. */
  readonly connectMs: number | null
  /** The TURN that the peer is reached through; null: directly. */
  readonly via: { readonly id: string; readonly name: string } | null
}

export interface SpeedtestAnswer {
  readonly schemaVersion: 1
  readonly downMbps: number
  readonly upMbps: number
  readonly downBytes: number
  readonly upBytes: number
  readonly downMs: number
  readonly upMs: number
  /** 0 to 1: of the way that is less sure. */
  readonly confidence: number
  readonly down: SpeedWayAnswer
  readonly up: SpeedWayAnswer
}

/** How one way of a speed test went. */
export interface SpeedWayAnswer {
  readonly mbps: number
  /** Where the rate lies. */
  readonly lowMbps: number
  readonly highMbps: number
  /** 0 to 1: the part of the transfer that went at this rate. */
  readonly coverage: number
  /** 0 to 1. */
  readonly confidence: number
  /** It kept one rate for long enough. */
  readonly settled: boolean
  /** `processor`: the process at one end had no time left, and the path may carry more. */
  readonly limitedBy: 'path' | 'processor'
  /** The same as a clause. */
  readonly words: string
}

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
}

/** The network a node is in, without its secrets. */
export interface NetworkAnswer {
  readonly schemaVersion: 1
  readonly kind: 'open' | 'private'
  /** What the kind means, as a clause. */
  readonly text: string
  /** Of a private network, by a fingerprint each. `proven`: this node proves it to others; `added`: it will, in a rotation; all are taken. */
  readonly secrets: readonly { readonly fingerprint: string; readonly use: 'proven' | 'added' | 'taken' }[]
}

/** What others need to join a private network. */
export interface InvitationAnswer {
  readonly schemaVersion: 1
  /** `mw1.…`: see src/invitation.ts. It holds the network's secret. */
  readonly invitation: string
}

/** What a person may ask about the network of a running node. */
export interface NetworkDesk {
  show(): NetworkAnswer
  /** Refused in an open network. */
  invite(): InvitationAnswer | Refusal
  /**
   * A step of replacing the secret, taken at once and kept. `add`: a further one is taken, of `invitation` or else a new one: the
   * answer's `invitation` then carries it to the other members. `first`: what was added is proven. `drop`: all others end.
   */
  rotate(step: RotationStep['type'], invitation?: string): Promise<(NetworkAnswer & { readonly invitation?: string }) | Refusal>
}

/** A request that could not be met: one sentence. */
export interface Refusal {
  readonly type: 'refused'
  readonly text: string
  /** What is now, in one sentence, where something did happen before it failed; absent: all is as it was. */
  readonly left?: string
}

/** What came of `drain`. */
export interface DrainAnswer {
  /** Clients that are carried elsewhere now. */
  readonly moved: number
  /** Those that have nowhere else to go, or were too slow. */
  readonly stayed: number
  /** Users' connections that are still open. */
  readonly connections: number
}

/** What a person asks to have exposed. */
export interface ServiceSpec {
  readonly name: string
  readonly kind: 'tcp' | 'udp' | 'http' | 'https'
  /** `host:port` on this side. */
  readonly local: string
  /** For `http`: the Host header it answers to; for `https`: TLS's server name. A name, or `*.` before one. */
  readonly domain: string | null
  readonly options?: ServiceOptions
}

/** How a service wants to be carried; what is left out is not wanted. */
export interface ServiceOptions {
  /** Between TURN and node, apart from what the tunnel itself does. */
  readonly encrypt?: true
  readonly compress?: true
  /** Bytes per second, both ways and all connections together: `1MB`, `500KB` (KB = 1024). */
  readonly limit?: string
  /** Who keeps the limit: this node (`client`, the default) or the TURN. */
  readonly limitMode?: 'client' | 'server'
  /** The local service is told who its users are by this header. */
  readonly proxyProtocol?: 'v1' | 'v2'
  /** tcp: shares its public port with the services of this group that other nodes, or this one, expose on the same TURN. */
  readonly group?: string
  /** What members of the group must know. Default: empty. */
  readonly groupKey?: string
  /** Public only while the local service accepts connections, or answers `GET /path` with 2xx. */
  readonly check?: 'tcp' | `http:/${string}`
  /** The requested public port. */
  readonly port?: number
  /** Nothing public is opened for it: only members reach it, by `connect`. In an open network only those that `allow` names by id. */
  readonly private?: true
  /** Of a private service: the only nodes that reach it, each by its id or by a name that no other has. */
  readonly allow?: readonly string[]
}

/** A port of this machine that stands for a service of another node, until `close`. */
export interface Connection {
  readonly type: 'connected'
  readonly node: { readonly id: string; readonly name: string }
  readonly service: string
  readonly kind: ServiceSpec['kind']
  /** `host:port` on this machine; for a udp service of UDP. */
  readonly address: string
  /** Ends the port and what runs over it; settles once it is free. */
  close(): Promise<void>
}

/** What `connect` can reach. */
export interface ConnectableAnswer {
  readonly schemaVersion: 1
  readonly services: readonly {
    readonly node: { readonly id: string; readonly name: string }
    readonly name: string
    readonly kind: ServiceSpec['kind']
    readonly private: boolean
  }[]
  /** Nodes that did not tell what they have, and why. */
  readonly silent: readonly { readonly id: string; readonly name: string; readonly error: string }[]
}

/** What is pinned from now on, the best first. */
export interface PinAnswer {
  readonly type: 'pinned'
  readonly turns: readonly { readonly name: string; readonly address: string }[]
}

/** What the command, the control server and tests hold of a running node. `createNode` makes it. */
export interface MoonwalkNode {
  readonly id: string
  readonly name: string
  /** Opens the public port, then joins. Settles when it listens (or needs not): the bound `host:port`, null without. A refusal if the port can't be had. */
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
   * Has these carry for this node and nobody else, the best first, in place of those pinned before; none: as it was started. Refused where
   * one can't be a TURN now. Kept over restarts.
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

/** Both ends belong to it. */
export interface PortRange {
  readonly first: number
  readonly last: number
}

/** What `createNode` is told besides its ports. Every default stands in `src/config.ts`. */
export interface NodeOptions {
  readonly name: string
  readonly version: string
  /** `host:port`; null: nothing is opened to the outside. */
  readonly listen: string | null
  /** An address to try first for how others reach this node. */
  readonly advertise: string | null
  readonly addresses: 'public' | 'lan' | 'any'
  readonly network: NetworkKind
  readonly seeds: readonly string[]
  readonly turns: readonly TurnSource[]
  /** TURNs that are held at once where this node can't be reached without. Absent: 2. */
  readonly tunnels?: number
  /** What makes one TURN better than another. Absent: latency. */
  readonly turnPreference?: TurnPreference
  /** Connections on a tunnel that was moved away from have so many ms to end. Absent: 10 minutes. */
  readonly patienceMs?: number
  /** For whom traffic is carried. Absent: as `offerOf` says. */
  readonly offer?: Offer
  /** What the owner's own stock frp clients give as `auth.token`, as it is now: secrets are replaced while the node runs. Absent: nothing makes them that. */
  readonly turnTokens?: () => readonly string[]
  /** What strangers may have. Absent: `DEFAULT_RATIONS`. */
  readonly rations?: Rations
  /** Domains that strangers may have: names, and `*.` before one. Absent: none. */
  readonly allowDomains?: readonly string[]
  /** Ports handed out to clients that ask for none. */
  readonly ports: { readonly first: number; readonly last: number }
  /** Ports a client may name: one range, or several. */
  readonly allowPorts: PortRange | readonly PortRange[]
  /** Those of them that strangers may name. Absent: those of `ports`. */
  readonly strangerPorts?: readonly PortRange[]
  /** Ports a client may have at once, tcp and udp together; 0: no limit. */
  readonly maxPortsPerClient: number
  /** As a TURN: clients may have names below this domain, by frp's `subdomain`. Null, or absent: they may not. */
  readonly subdomainHost?: string | null
  readonly services: readonly ServiceSpec[]
  /** Bytes a day for automatic speed tests, both ways together; 0: there are none. */
  readonly speedtestBudgetBytes: number
  /** From one of them to the next, on average. */
  readonly speedtestPaceMs: number
}

export type TurnSource =
  | { readonly type: 'moonwalk' }
  | {
      readonly type: 'frp'
      readonly address: string
      readonly token: string
      /** Null and `force`: TLS. */
      readonly tls: 'force' | 'off' | null
      readonly wire: 1 | 2
      /** PEM. Given: the certificate is verified against it. Absent: any will do, as with stock frpc. */
      readonly ca?: string
      /** The name the certificate must be for, and that TLS asks for. Absent: the address's host. */
      readonly serverName?: string
    }
