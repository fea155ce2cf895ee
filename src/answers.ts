// What the node answers about itself: the objects that `--json`, the control API and the dashboard share.
// A change that breaks one raises `SCHEMA_VERSION` and is written in the CHANGELOG.

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
  }
  readonly turn: TurnAnswer | null
  readonly services: readonly ServiceAnswer[]
  readonly health: readonly HealthAnswer[]
}

export interface TurnAnswer {
  readonly id: string | null
  readonly name: string
  readonly address: string
  readonly rttMs: number | null
  readonly reason: string
  readonly since: string
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
  readonly state: 'up' | 'opening' | 'down'
  readonly error: string | null
}

export interface HealthAnswer {
  readonly level: 'info' | 'warn' | 'error'
  readonly text: string
  readonly fix: string
}

export interface PeersAnswer {
  readonly schemaVersion: 1
  readonly self: string
  readonly peers: readonly PeerAnswerRow[]
}

export interface PeerAnswerRow {
  readonly id: string | null
  readonly name: string
  readonly address: string
  readonly state: 'alive' | 'suspect' | 'unknown'
  readonly self: boolean
  readonly rttMs: number | null
  readonly jitterMs: number | null
  readonly lossPct: number | null
  readonly downMbps: number | null
  readonly upMbps: number | null
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
  readonly connectMs: number | null
}

export interface SpeedtestAnswer {
  readonly schemaVersion: 1
  readonly downMbps: number
  readonly upMbps: number
  readonly downBytes: number
  readonly upBytes: number
  readonly downMs: number
  readonly upMs: number
  /** 0 to 1: how steady the rate was at the end. */
  readonly confidence: number
}

/** A request that could not be met: one sentence. */
export interface Refusal {
  readonly type: 'refused'
  readonly text: string
}

/** What a person asks to have exposed. */
export interface ServiceSpec {
  readonly name: string
  readonly kind: 'tcp' | 'udp' | 'http' | 'https'
  /** `host:port` on this side. */
  readonly local: string
  /** For `http`: the Host header it answers to; for `https`: TLS's server name. A name, or `*.` before one. */
  readonly domain: string | null
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
  peers(): PeersAnswer
  /** The IP table as its file shows it. */
  table(): { readonly ip_address: readonly Readonly<Record<string, unknown>>[] }
  /** All news from now on. Returns the end of it. */
  onNews(listener: (entry: import('./feed/news.ts').Entry) => void): () => void
  /** The newest entries, oldest first, at most `count` (ring of 256). */
  recentNews(count: number): readonly import('./feed/news.ts').Entry[]
  /** Active state paths per machine: `{ node: ['tunnelling', 'tunnelling.up'], tunnel: [...] }`. */
  activeStates(): Readonly<Record<string, readonly string[]>>
  add(address: string): Promise<{ readonly type: 'added'; readonly address: string } | Refusal>
  remove(peer: string): { readonly type: 'removed'; readonly address: string } | Refusal
  /** Settles when the service's public address is proven, or with the reason after `timeoutMs`. */
  expose(spec: ServiceSpec, timeoutMs: number): Promise<ServiceAnswer | Refusal>
  unexpose(name: string): { readonly type: 'unexposed'; readonly name: string } | Refusal
  /** PEER: an id, an unambiguous start of one (6 characters or more), a name, or `host:port`. */
  ping(peer: string): Promise<PingAnswer | Refusal>
  speedtest(peer: string): Promise<SpeedtestAnswer | Refusal>
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
  readonly seeds: readonly string[]
  readonly turns: readonly TurnSource[]
  readonly offerTurn: boolean
  /** Ports handed out to clients that ask for none. */
  readonly ports: { readonly first: number; readonly last: number }
  /** Ports a client may name. */
  readonly allowPorts: { readonly first: number; readonly last: number }
  /** As a TURN: clients may have names below this domain, by frp's `subdomain`. Null, or absent: they may not. */
  readonly subdomainHost?: string | null
  readonly services: readonly ServiceSpec[]
  /** From one speed test of this node to its next, at least. */
  readonly speedtestPaceMs: number
}

export type TurnSource =
  | { readonly type: 'moonwalk' }
  | { readonly type: 'frp'; readonly address: string; readonly token: string; readonly tls: 'force' | 'off' | null; readonly wire: 1 | 2 }
