// One tcp proxy at the TURN's end: a port, and the users who come to it.
import type { FrpServerOptions } from '../contract.ts'
import { isTransparent, type JoinedLinkOptions, joinedLink } from '../links/joined-link.ts'
import type { AcceptedLink } from '../links/link.ts'
import type { TokenBucket } from '../meters/bandwidth-limit.ts'
import { NO_BYTES, type Traffic } from '../meters/traffic.ts'
import type { MessageOf } from '../wire/messages.ts'
import type { HeldPort } from './port-pool.ts'
import type { IdleWork, WorkPool } from './work-pool.ts'

export interface ServerProxyOptions {
  readonly server: FrpServerOptions
  readonly request: MessageOf<'newProxy'>
  readonly pool: WorkPool
  readonly traffic: Traffic
  readonly peerIsOurs: boolean
  /** The largest datagram that the client says it takes; 0: it says nothing. */
  readonly peerDatagramBytes: number
  /** Where this end keeps the proxy's bandwidth limit, and its owner's ration. */
  readonly limits: readonly TokenBucket[]
  /** With it the client's wire is enciphered. */
  readonly token: string
  /** A stranger's; null: it is trusted, or known. */
  readonly ration: ProxyRation | null
}

/** What a stranger's proxy is held to. */
export interface ProxyRation {
  /** Whether its users may come to this address of the machine. */
  mayArriveAt(host: string): boolean
  /** Bytes for a user of a udp proxy for each that came from its address; 0: no limit. */
  readonly udpFactor: number
  /** A datagram was lost to that. */
  onUdpMet(): void
}

/** What a session has open for a client. */
export interface ServerProxy {
  readonly name: string
  readonly kind: 'tcp' | 'udp' | 'http' | 'https'
  /** The port is this proxy's; 0 until then. */
  readonly port: number
  /** Opens a port for it, at `host:port`; null when that one can't be had. */
  open(address: string): Promise<{ close(): Promise<void> } | null>
  hold(port: HeldPort): void
  /** The client was told. */
  start(): void
  /** Takes no more users; settles once the port is free. */
  close(): Promise<void>
}

export class ServerTcpProxy implements ServerProxy {
  readonly name: string
  readonly kind = 'tcp'
  readonly #options: ServerProxyOptions
  readonly #asked: JoinedLinkOptions
  #held: HeldPort | null = null
  #closed = false

  constructor(options: ServerProxyOptions) {
    const { server, request, limits, token } = options
    const { useEncryption, useCompression } = request
    this.name = request.proxyName
    this.#options = options
    const { randomBytes } = server
    const onUndecodable = (): void => this.failed('undecodable bytes from the client')
    this.#asked = { useEncryption, useCompression, limits, token, randomBytes, onUndecodable }
  }

  get port(): number {
    return this.#held?.port ?? 0
  }

  async open(address: string): Promise<{ close(): Promise<void> } | null> {
    const listening = await this.#options.server.listen(address, (user) => this.arrived(user))
    return listening.type === 'failed' ? null : listening
  }

  hold(port: HeldPort): void {
    this.#held = port
  }

  start(): void {}

  /** A user came to the proxy's own port. */
  arrived(user: AcceptedLink, onNoWork?: () => void): void {
    if (this.#options.ration?.mayArriveAt(plainHost(user.local.host)) === false) return user.refuse()
    this.serve(user, onNoWork)
  }

  /** A user came. `onNoWork`: what to do when there is no work connection for it. */
  serve(user: AcceptedLink, onNoWork: () => void = () => user.refuse()): void {
    if (this.#closed) return onNoWork()
    this.#options.pool.get({
      give: (work) => this.#join(user, work, onNoWork),
      refuse: (why) => {
        this.failed(why)
        onNoWork()
      },
    })
  }

  /** Somebody was not served. */
  failed(why: string): void {
    if (!this.#closed) this.#options.traffic.failed(this.name, why)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#held?.release()
  }

  #join(user: AcceptedLink, { stream, wire, rest }: IdleWork, onNoWork: () => void): void {
    const { traffic, peerIsOurs } = this.#options
    if (this.#closed) {
      stream.reset()
      return onNoWork()
    }
    const srcAddr = plainHost(user.remote.host)
    const dstAddr = plainHost(user.local.host)
    stream.write(
      wire.encode({ type: 'startWorkConn', proxyName: this.name, srcAddr, srcPort: user.remote.port, dstAddr, dstPort: user.local.port }),
    )
    const before = { bytesIn: stream.bytesIn, bytesOut: stream.bytesOut }
    const { link, direct } = user.open(isTransparent(this.#asked) ? stream.reader() : null)
    const joined = joinedLink(link, this.#asked)
    traffic.begin(this.name, stream, joined.plain === null ? before : NO_BYTES, undefined, joined.plain ?? stream)
    if (user.first !== null) stream.write(joined.encode(user.first))
    stream.relay(joined.link, { direct, rest, closeTogether: !peerIsOurs })
  }
}

/** An IPv4 address that came through an IPv6 socket, as people write it. */
export const plainHost = (host: string): string => host.replace(/^::ffff:(?=\d+\.)/i, '')
