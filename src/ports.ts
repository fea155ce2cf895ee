// Everything the node asks of the outside world. `src/io` answers with Node, `test/sim` with a scripted world.
// Types only. Expected failure is a value (`Failure`); a rejection or a throw out of a port is a bug.
import type { ServiceSpec } from './answers.ts'
import type { AcceptedLink, DatagramPort, OpenedLink, Reader, VhostFinder } from './frp/index.ts'
import type { TableChanges } from './p2prc/table-changes.ts'
import type { StoredTable, TableToWrite } from './p2prc/table-file.ts'

export interface Ports {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly http: Http
  readonly store: Store
  readonly identity: Identity
}

/** One clock serves XState, RxJS (`clockScheduler`) and plain code alike. */
export interface Clock {
  /** Monotonic milliseconds with decimals; the origin is arbitrary. */
  now(): number
  /** Milliseconds since 1970, for people and files only. */
  wallMs(): number
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
  /** Milliseconds that this process has been at work so far, and not waiting; the origin is arbitrary. */
  busyMs(): number
}

export interface Random {
  /** In [0, 1). */
  fraction(): number
  bytes(count: number): Uint8Array
  /** Chance for one part alone: what it draws shifts nobody else's draws where chance repeats. */
  fork(part: string): Random
}

/**
 * Why the network said no. Happens all day. `text` is one clause for people, such as `connection refused`. `withheld`: this node's own
 * rules kept it from trying, so nothing is learnt of the other end.
 */
export interface Failure {
  readonly type: 'failed'
  readonly reason: 'refused' | 'timeout' | 'reset' | 'unreachable' | 'aborted' | 'denied' | 'in-use' | 'protocol' | 'withheld'
  readonly text: string
  /** Of a `withheld` one: not before so long may it be tried again. Absent: it never may. */
  readonly retryMs?: number
}

export interface TlsOptions {
  /** Sends frp's 0x17 before the handshake. */
  readonly announce?: boolean
  /** PEM. Given: the certificate is verified against it. Absent: any certificate will do, as with stock frp. */
  readonly ca?: string
  readonly serverName?: string
}

export interface DialOptions {
  /** Whole time for connect and TLS handshake. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  readonly tls?: TlsOptions
  /** Over the members' channel, which the node with this id must be at the other end of. Excludes `tls`. */
  readonly member?: string
  readonly admit?: Admit
  /** Made once the connection stands. */
  readonly reader?: Reader
}

/**
 * Asked before each new connection with the address that is to be connected to, after names were looked up: canonical text of an IP.
 * A failure: it is not made, and the caller is told so.
 */
export type Admit = (ip: string) => Promise<Failure | null>

/** Raw byte streams, and datagrams. `address` is `host:port` (`[v6]:port`). */
export interface Network {
  dial(address: string, options: DialOptions): Promise<OpenedLink | Failure>
  /** Port 0 picks one. Fails with `in-use` or `denied`. */
  listen(address: string, onLink: (accepted: AcceptedLink) => void): Promise<Listening | Failure>
  /**
   * Opens a UDP port; port 0 picks one. Fails like `listen`. TCP and UDP ports of one number have nothing to do with each other.
   * `onDatagram` gets whole datagrams, which it may keep, and who sent each: IPv4 is plain IPv4, also where the port is an IPv6
   * one that takes both. `send` takes an address or a name, and never fails: over 65,507 bytes, to port 0, to a name that
   * nobody knows or once closed, it is lost. An empty datagram is one.
   */
  openDatagrams(
    address: string,
    onDatagram: (bytes: Buffer, from: { readonly host: string; readonly port: number }) => void,
  ): Promise<DatagramPort | Failure>
  /** This machine's own addresses, loopback left out, best first. */
  ownHosts(): readonly string[]
}

export interface Listening {
  readonly type: 'listening'
  readonly host: string
  readonly port: number
  /** Stops accepting and ends what is open; settles once the port is free. */
  close(): Promise<void>
}

/** HTTP with peers, both ways. In the real world: got, and the one public port. */
export interface Http {
  /**
   * Follows no redirect, decompresses nothing, and retries nothing but this: a warm connection that the peer closed before it
   * said a word is replaced once, within the same timeout. Keeps connections warm per address.
   */
  request(address: string, request: PeerRequest): Promise<PeerAnswer | Failure>
  /** Closes warm connections. Those from an address that this machine has lost answer nobody. */
  dropWarm(): void
  /** Opens the public port: HTTP and frp told apart by the first byte, inside TLS or not. */
  serve(options: ServeOptions): Promise<Listening | Failure>
}

export interface PeerRequest {
  readonly method: 'GET' | 'POST'
  /** `channel`: over the members' channel, so `by` is proven. `clear` (default): plain HTTP, as P2PRC's nodes speak it. */
  readonly over?: 'clear' | 'channel'
  /** The id that must answer, over the channel. Where another node answers nothing is asked of it: a `protocol` failure. */
  readonly expect?: string
  readonly admit?: Admit
  /** With query, starting with `/`. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** `filler`: that many bytes of anything, for timing an upload. */
  readonly body?: Uint8Array | { readonly type: 'filler'; readonly bytes: number }
  /** Whole time from the dial to the last byte of the answer. */
  readonly timeoutMs: number
  /** More than this in the answer's body is a `protocol` failure. Default 1 MiB. */
  readonly maxBytes?: number
  /** Told of each piece of the answer's body instead of keeping it: `body` is then empty, and `maxBytes` does not bind. False ends the transfer early. */
  readonly onBytes?: OnBytes
  /** Told when the request has ended, however it did, how many bytes this side wrote to its connection; without what TLS adds. */
  readonly onSent?: (bytes: number) => void
  /**
   * Requests that name the same object share connections with one another and with nobody else: one is made for each that is under
   * way at once, and kept for a few seconds. Absent: the warm connections of that address.
   */
  readonly apart?: object
  readonly signal?: AbortSignal
  /**
   * Measures latency: where the answer is a P2PRC `/server_info`, the same is asked again at once, one after another on the same
   * connection and within the same timeout, and each of those answers is timed. For a GET without a body. In the real world a
   * thread of its own does it, on connections of its own.
   */
  readonly timed?: {
    /** So many answers are to be timed. */
    readonly samples: number
    /** The first answer warms what is cold and is not timed: `always`, or only where a connection was made for it (`cold`). */
    readonly primer: 'always' | 'cold'
  }
}

/** Told of each piece of a body, and how to ask what has come on its connection. False: no more is wanted. */
export type OnBytes = (bytes: number, arrived: Meter) => boolean

/**
 * Bytes that have come on a connection so far, as TCP brought them: with what TLS adds, and what of a record has come that is not whole
 * yet and so told to nobody. One and the same for all pieces of a connection.
 */
export type Meter = () => number

export interface PeerAnswer {
  readonly type: 'answer'
  /** The id of the node that answered, proven by the members' channel; null in clear HTTP. */
  readonly by: string | null
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly timing: {
    /** TCP's handshake; null on a warm connection. */
    readonly connectMs: number | null
    /** Request handed to the connected socket to the last byte of the answer, with decimals. */
    readonly answerMs: number
  }
  /**
   * Where the request was `timed`: as `answerMs`, oldest first; none where the answer was no `/server_info`. `discarded`: so many
   * more were thrown away, since whoever measured was late itself. `roughMs`: the least of those, where there is nothing else.
   */
  readonly timed?: { readonly samplesMs: readonly number[]; readonly discarded: number; readonly roughMs: number | null }
}

export interface ServeOptions {
  /** `host:port`; port 0 picks one. */
  readonly address: string
  readonly onRequest: (request: InboundRequest) => Promise<Reply>
  /** All that comes has come through a tunnel, so from this machine: nobody is counted by address. Default: false. */
  readonly isThroughTunnel?: boolean
  /** An frp connection: first byte 0x00, `o`, `w`, `F`, inside TLS or not. Absent: those are turned away. */
  readonly onFrp?: (accepted: AcceptedLink) => void
  /** A connection over the members' channel whose first byte is `CONNECT_BYTE`. Absent: those are turned away. */
  readonly onConnect?: (accepted: AcceptedLink) => void
  /** Domains that others serve here, asked before `onRequest` and before TLS is answered; 0x17-announced TLS is always frp's. Absent: there are none. */
  readonly vhosts?: VhostFinder
}

export interface InboundRequest {
  /** The id of the node that asks, proven by the members' channel; null: a stranger. */
  readonly by: string | null
  readonly method: string
  /** Without query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** Who connected. */
  readonly remote: { readonly host: string; readonly port: number }
  /** The whole body; null when it is over `maxBytes` or broke off. */
  body(maxBytes: number): Promise<Buffer | null>
  /** The content of one file part of a multipart body, chunked or not; null when there is none, or it is over `maxBytes`. */
  filePart(field: string, maxBytes: number): Promise<{ readonly name: string; readonly content: Buffer } | null>
  /** The same, but its content is counted and not kept; null when there is none, or it is over `maxBytes`. */
  fileSize(field: string, maxBytes: number): Promise<{ readonly name: string; readonly bytes: number } | null>
  /** Counts the body away; `onBytes` is told of each piece, false ends it. Answers what arrived. */
  drain(onBytes: OnBytes): Promise<number>
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** A string is sent as UTF-8; `filler` is that many bytes of anything, incompressible. */
  readonly body: string | Uint8Array | { readonly type: 'filler'; readonly bytes: number }
  /** Without the headers that say nothing to a node: what type it is of, the date, how long the connection is kept. */
  readonly isBare?: true
  /** Runs once, when the answer has gone out in full or its connection has ended: so many bytes were written of it, without what TLS adds. */
  readonly onDone?: (sentBytes: number) => void
  /** Once it is aborted the answer is broken off, however much of it has gone out. */
  readonly signal?: AbortSignal
}

/** The IP table on disk, and what a person told the running node. */
export interface Store {
  /** The rows at start. `notes`: what a person should be told of the file then; `notes()` has it as it is later. */
  read(): Promise<{ readonly table: StoredTable; readonly notes: readonly StoreNote[] }>
  /**
   * Replaces the rows; what a person wrote beside them stays. Atomic; settles once it is on disk, or with why it is not: the file
   * is then as it was, and the caller tries again. The caller coalesces.
   */
  write(table: TableToWrite): Promise<StoreFailure | null>
  /**
   * Keeps what has changed since the last write, beside the file; settles once it is on disk, or with why it is not. `whole`: it can't be
   * kept so, since the file is not as this node left it, and all of it is to be written.
   */
  append(changes: TableChanges): Promise<StoreFailure | 'whole' | null>
  /**
   * What was told to the node in earlier runs; empty lists where nothing was. What can't be read is told in `notes` and left out:
   * an entry stays where it is, and a file that is no JSON object is set aside.
   */
  readOperatorChanges(): Promise<{ readonly operatorChanges: OperatorChanges; readonly notes: readonly StoreNote[] }>
  /** Replaces all of it. Atomic; settles once it is on disk, or with why it is not: the lists before stand then. */
  writeOperatorChanges(operatorChanges: OperatorChanges): Promise<StoreFailure | null>
  /** What this node's TURN keeps for its clients, as of the last run; none where that can't be read. */
  readLeases(): Promise<readonly StoredLease[]>
  /** Replaces all of it. Atomic; settles once it is on disk, or with why it is not. */
  writeLeases(leases: readonly StoredLease[]): Promise<StoreFailure | null>
  /** The text of this node's own history as it was written last; empty where there is none. */
  readHistory(): Promise<string>
  /** Replaces it. Atomic; settles once it is on disk, or with why it is not. */
  writeHistory(text: string): Promise<StoreFailure | null>
  /**
   * What a person should know of the node's files as they are now, for health: that a damaged one was set aside, which rows of the
   * table can't be used and in which line each stands, that the log can't be written. What a write answers is not in it.
   */
  notes(): readonly StoreNote[]
}

/** What `add`, `expose` and `remove` told a running node, so that it outlives a restart. What the configuration says is not in it. */
export interface OperatorChanges {
  /** Addresses to start from, canonical `host:port`. */
  readonly seeds: readonly string[]
  /** Each has a name of its own. */
  readonly services: readonly ServiceSpec[]
  /** Peers that are to stay away: the row's key (its id, else its address) and the address it had. */
  readonly removed: readonly { readonly key: string; readonly address: string }[]
  /** Pinned TURNs, the best first: the row's key, or that of a stock frps. */
  readonly pins: readonly string[]
}

export const NO_OPERATOR_CHANGES: OperatorChanges = { seeds: [], services: [], removed: [], pins: [] }

/** A port, name, domain or run id that a TURN keeps for a client of it. */
export interface StoredLease {
  readonly kind: 'tcp' | 'udp' | 'name' | 'domain' | 'run id'
  readonly what: string
  /** `member ID`, or `token` for the owner's own stock clients. */
  readonly owner: string
  /** Of a port, the proxy that had it; else empty. */
  readonly proxy: string
  /** Wall time since when its owner is away. */
  readonly awaySinceMs: number
}

/** Something about the files that a person should know: a clause, and a sentence about what to do. As health says it. */
export interface StoreNote {
  readonly text: string
  readonly fix: string
}

/** Why something is not on disk. */
export interface StoreFailure extends StoreNote {
  readonly type: 'failed'
}

/** This node's Ed25519 key. */
export interface Identity {
  /** Lower-case hex, 32 characters: the first 16 bytes of SHA-256 over the raw public key. */
  readonly id: string
  /** Raw public key, base64url. */
  readonly publicKey: string
  /** Signature over the bytes, base64url. */
  sign(bytes: Uint8Array): string
  verify(publicKey: string, bytes: Uint8Array, signature: string): boolean
  /** The id that belongs to a public key. */
  idOf(publicKey: string): string
}

export const isFailure = (answer: { readonly type: string }): answer is Failure => answer.type === 'failed'
