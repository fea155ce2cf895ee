// What this node exposes, and what it reaches of others' services.
import type { ServiceKind } from '../domain/service-kind.ts'

export interface ServiceAnswer {
  readonly name: string
  readonly kind: ServiceKind
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

/** What a person asks to have exposed. */
export interface ServiceSpec {
  readonly name: string
  readonly kind: ServiceKind
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
  /** Tells when connections to the port can't be joined any more, and when they can again; one listener at a time. */
  onNews(listener: (news: ConnectionNews) => void): void
  /** Ends the port and what runs over it; settles once it is free. */
  close(): Promise<void>
}

/** `failing`: why, and what to do. The text is one sentence. */
export interface ConnectionNews {
  readonly type: 'failing' | 'working'
  readonly text: string
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
