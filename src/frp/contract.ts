// frp's two ends as the node uses them. Both work over links and a clock that they are given; they open no sockets.
import type { OnBug } from './bugs.ts'
import type { AcceptedLink, Link, OpenedLink, Reader } from './links/link.ts'
import type { ProxyMeter } from './meters/proxy-meter.ts'
import type { KeptLease } from './server/leases.ts'
import type { Vhosts } from './web/vhosts.ts'
import type { ProxyProtocol } from './wire/proxy-protocol.ts'

export interface FrpFailure {
  readonly type: 'failed'
  readonly text: string
}

export interface FrpClock {
  now(): number
  wallMs(): number
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

export type HealthCheck =
  /** A connection must come about. */
  | { readonly type: 'tcp' }
  /** `GET path` must be answered with 2xx. */
  | { readonly type: 'http'; readonly path: string }

/** A UDP socket that is open. What can't be sent is lost, as is usual with UDP. */
export interface DatagramPort {
  readonly type: 'open'
  readonly port: number
  send(bytes: Uint8Array, to: { readonly host: string; readonly port: number }): void
  /** Settles once the port is free. */
  close(): Promise<void>
}

/**
 * Opens a UDP socket on `host:port` (port 0: any). `onDatagram` gets whole datagrams; they may be kept.
 */
export type OpenDatagrams = (
  address: string,
  onDatagram: (bytes: Buffer, from: { readonly host: string; readonly port: number }) => void,
) => Promise<DatagramPort | FrpFailure>

// ------------------------------------------------------------------------------------------------------------ client
export interface FrpClientOptions {
  readonly clock: FrpClock
  readonly randomBytes: (count: number) => Uint8Array
  /** Dials the TURN; called once with mux, once per stream without. */
  readonly dialServer: (reader: Reader | null) => Promise<OpenedLink | FrpFailure>
  /** Dials a local service. */
  readonly dialLocal: (target: string, reader: Reader | null) => Promise<OpenedLink | FrpFailure>
  /** For udp proxies: a socket that talks to a local service. Absent: they are refused before they are asked for. */
  readonly openDatagrams?: OpenDatagrams
  /** Asked about each datagram that comes for a udp proxy; true: it was meant for this end, and the local service never sees it. */
  readonly interceptDatagram?: (proxy: string, bytes: Buffer) => boolean
  readonly token: string
  readonly mux: boolean
  /** TLS carries the session: received bytes come in records. */
  readonly tls: boolean
  /** 2: servers of frp 0.69.0 or later only (udp 0.69.1). Stock's default is 1. */
  readonly wire: 1 | 2
  readonly poolCount: number
  /** Given by the TURN at an earlier login, whose session this one replaces; empty: none. */
  readonly runId: string
  /** With mux: pings the TURN this often, and gives up when nothing at all comes within `silenceMs` after a ping. */
  readonly keepaliveMs: number
  readonly silenceMs: number
  /** The other end is moonwalk too: half-close is passed on. */
  readonly peerIsOurs: boolean
  /** A meter of an earlier session that is to go on counting for a proxy; null, or absent: a new one. */
  readonly meterOf?: (proxy: string) => ProxyMeter | null
  readonly tell: (fact: FrpClientFact) => void
  /** Default: thrown, which ends the process. */
  readonly onBug?: OnBug
}

export type FrpClientFact =
  /** `ports`: those that a TURN of ours hands out, as it says them, `20000-29999`; empty: it says nothing. */
  | { readonly type: 'client.loggedIn'; readonly runId: string; readonly serverVersion: string; readonly ports: string }
  /** `remoteAddr` as the server said it: `:20017`; for http and https `domain[:port]`, separated by commas. */
  | { readonly type: 'client.proxyStarted'; readonly proxy: string; readonly remoteAddr: string }
  | { readonly type: 'client.proxyRefused'; readonly proxy: string; readonly error: string }
  /** The local service failed its health check: the proxy is withdrawn until it passes. `client.proxyStarted` follows then. */
  | { readonly type: 'client.proxyUnhealthy'; readonly proxy: string; readonly why: string }
  /** A user's connection (tcp, http, https) reached the local service (`ok`) or could not. `from` is the user's address. */
  | { readonly type: 'client.served'; readonly proxy: string; readonly from: string; readonly ok: boolean; readonly error: string | null }
  /** The end, once. `refused`: the login was turned down, with the server's text. */
  | { readonly type: 'client.closed'; readonly why: string; readonly refused: boolean }

export interface ProxySpec {
  readonly name: string
  readonly type: 'tcp' | 'udp' | 'http' | 'https'
  /** `host:port` of the local service. */
  readonly local: string
  /** 0: the server picks. */
  readonly remotePort: number
  /** For http and https: the names it answers to. */
  readonly customDomains: readonly string[]
  readonly useEncryption: boolean
  readonly useCompression: boolean
  /** As frp writes it: `1MB`, `500KB`. Kept by this end unless `limitMode` is `server`. */
  readonly limit?: string
  readonly limitMode?: 'client' | 'server'
  /**
   * The local service gets this header first: tcp before a user's bytes, udp in front of
   * each user's first datagram (as stock frpc 0.70.1; v2 only).
   */
  readonly proxyProtocol?: ProxyProtocol
  /** tcp: shares the remote port with the others of the group, and users go to them in turn. */
  readonly group?: { readonly name: string; readonly key: string }
  /** Registered only while the local service passes it. */
  readonly healthCheck?: HealthCheck
}

export interface FrpClient {
  /** Logs in; facts follow. Call once. */
  start(): void
  openProxy(spec: ProxySpec): void
  closeProxy(name: string): void
  /** Times one round trip of the mux, from anything after the login on. Never told without mux, or once it is over. */
  ping(answered: (rttMs: number) => void): void
  /** Ends the session and everything in it. */
  end(why: string): void
  readonly connectionsNow: number
}

// ------------------------------------------------------------------------------------------------------------ server
/** Both ends belong to it. */
export interface PortRange {
  readonly first: number
  readonly last: number
}

export interface FrpServerOptions {
  readonly clock: FrpClock
  readonly randomBytes: (count: number) => Uint8Array
  /** Opens a port for a proxy: `host:port` as given in `bindHost`. */
  readonly listen: (
    address: string,
    onLink: (accepted: AcceptedLink) => void,
  ) => Promise<
    | { readonly type: 'listening'; readonly port: number; close(): Promise<void> }
    | { readonly type: 'failed'; readonly reason: string; readonly text: string }
  >
  readonly bindHost: string
  /** Opens a UDP port for a proxy. Absent: udp proxies are refused. */
  readonly openDatagrams?: OpenDatagrams
  /** Where http and https proxies put their domains. Absent: those are refused. */
  readonly vhosts?: Vhosts
  /**
   * What the owner's own stock clients give as `auth.token`, any of these, as
   * it is now; none: nothing they could give makes them that.
   */
  readonly tokens: () => readonly string[]
  /** A proven id is a member's, since all who are here were let in. Default: anybody can have made it. */
  readonly membersAreTrusted?: boolean
  /** Who proves nothing, and logs in with an empty token, is served. Default: is refused. */
  readonly servesStrangers?: boolean
  /** What those have who are not trusted: strangers, and ids that anybody can have made. Null, the default: no limits. */
  readonly rations?: StrangerRations | null
  /** Whether users of a stranger's port may come to that address of this machine. Default: to any. */
  readonly strangersArriveAt?: (host: string) => boolean
  readonly ports: { readonly first: number; readonly last: number }
  /** Ports a client may name: one range, or several. */
  readonly allowPorts: PortRange | readonly PortRange[]
  /** Those of them that strangers may name. Default: those of `ports`. */
  readonly strangerPorts?: readonly PortRange[]
  /** tcp and udp together. 0: no limit. */
  readonly maxPortsPerClient: number
  readonly maxPoolCount: number
  readonly maxClients: number
  /** With mux: pings a client this often, and closes its session when nothing at all comes within `silenceMs` after a ping. */
  readonly keepaliveMs: number
  readonly silenceMs: number
  /** The same for clients that are moonwalk too, once they have logged in. Default: as for all. */
  readonly ours?: { readonly keepaliveMs: number; readonly silenceMs: number }
  readonly tell: (fact: FrpServerFact) => void
  /** What `keptLeases` says has changed. */
  readonly onLeases?: () => void
  /** Default: thrown, which ends the process. */
  readonly onBug?: OnBug
}

/** What strangers may have, by address (IPv4, or an IPv6 network of 64 bits). 0: no limit. */
export interface StrangerRations {
  /** Logins at once from one address. */
  readonly sessions: number
  /** Proxies at once from one address. */
  readonly ports: number
  /** Logins at once of strangers, in all. */
  readonly clients: number
  /** From one address, all its proxies and both ways together. */
  readonly bytesPerSecond: number
  /** The same within 24 hours from the first byte on. Beyond it the address's sessions are ended. */
  readonly bytesPerDay: number
  /** Bytes that a user of a udp proxy gets at most for each byte that came from its address. */
  readonly udpFactor: number
  /** Logins at once from one address of those with a proven id that is not trusted. */
  readonly nodes: number
}

/** `port`: one was named that strangers may not name. `domain`: one was asked for that is granted to nobody. */
export type RationName = keyof StrangerRations | 'port' | 'domain'

/**
 * `session` numbers the connections that have come, from 1; work connections without mux are not counted, nor, without mux,
 * what begins with wire v2's magic and says no hello. Each `session.opened` is
 * followed by one `session.closed`, its last fact; `session.refused` may come between, and each `proxy.opened` has its `proxy.closed`.
 * The `port` of an http or https proxy is the one that all domains share.
 */
export type FrpServerFact =
  | { readonly type: 'session.opened'; readonly session: number; readonly remote: string }
  | {
      readonly type: 'session.loggedIn'
      readonly session: number
      readonly runId: string
      readonly version: string
      readonly user: string
      /** Its proven id; null: there is none. */
      readonly member: string | null
    }
  | { readonly type: 'session.refused'; readonly session: number; readonly why: string }
  | { readonly type: 'session.closed'; readonly session: number; readonly why: string }
  | { readonly type: 'proxy.opened'; readonly session: number; readonly proxy: string; readonly port: number }
  | { readonly type: 'proxy.refused'; readonly session: number; readonly proxy: string; readonly why: string }
  | { readonly type: 'proxy.closed'; readonly session: number; readonly proxy: string; readonly port: number }
  /** A limit for strangers was met. At most once a minute for each limit. */
  | { readonly type: 'ration.met'; readonly ration: RationName; readonly address: string }

export interface FrpServer {
  /** Takes a connection whose first byte says frp (0x00 mux, `o`/`w` plain, `F` wire v2). */
  accept(accepted: AcceptedLink): void
  /** Who has exactly that domain, or had it within a day: `member ID`, `token` or a stranger's address; null: nobody. */
  domainOwner(domain: string): string | null
  /** Ports, names, domains and run ids of members and token clients, to be kept over a restart. */
  keptLeases(): readonly KeptLease[]
  /** What was kept before the restart. Before the first connection. */
  restoreLeases(kept: readonly KeptLease[]): void
  /** Logins from now on are refused; who is here stays. */
  stopTaking(): void
  /** Ends one session, as its machine asks. */
  endSession(session: number, why: string): void
  /** Ends all; settles when every port is free. */
  close(why: string): Promise<void>
  readonly sessionCount: number
}

export type { KeptLease, Link }
