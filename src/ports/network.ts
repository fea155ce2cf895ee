// Byte streams and datagrams.
import type { AcceptedLink, DatagramPort, OpenedLink, Reader } from '../frp/index.ts'
import type { Failure } from './failure.ts'

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
