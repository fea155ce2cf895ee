// One tcp proxy at the TURN's end: a port, and the users who come to it.
import { CodedLink } from './coded-link.ts'
import type { FrpServerOptions } from './contract.ts'
import { streamKey } from './crypto.ts'
import type { AcceptedLink } from './link.ts'
import type { MessageOf } from './messages.ts'
import type { HeldPort } from './port-pool.ts'
import type { Traffic } from './traffic.ts'
import type { IdleWork, WorkPool } from './work-pool.ts'

export interface ServerProxyOptions {
  readonly server: FrpServerOptions
  readonly request: MessageOf<'newProxy'>
  readonly pool: WorkPool
  readonly traffic: Traffic
  readonly peerIsOurs: boolean
}

/** What a session has open for a client. */
export interface ServerProxy {
  readonly name: string
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
  readonly #options: ServerProxyOptions
  #held: HeldPort | null = null
  #closed = false

  constructor(options: ServerProxyOptions) {
    this.name = options.request.proxyName
    this.#options = options
  }

  get port(): number {
    return this.#held?.port ?? 0
  }

  async open(address: string): Promise<{ close(): Promise<void> } | null> {
    const listening = await this.#options.server.listen(address, (user) => this.serve(user))
    return listening.type === 'failed' ? null : listening
  }

  hold(port: HeldPort): void {
    this.#held = port
  }

  start(): void {}

  /** A user came. */
  serve(user: AcceptedLink): void {
    if (this.#closed) return user.refuse()
    this.#options.pool.get({ give: (work) => this.#join(user, work), refuse: () => user.refuse() })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#held?.release()
  }

  #join(user: AcceptedLink, { stream, wire, rest }: IdleWork): void {
    const { server, request, traffic, peerIsOurs } = this.#options
    if (this.#closed) {
      stream.reset()
      return user.refuse()
    }
    const srcAddr = plainHost(user.remote.host)
    const dstAddr = plainHost(user.local.host)
    stream.write(
      wire.encode({ type: 'startWorkConn', proxyName: this.name, srcAddr, srcPort: user.remote.port, dstAddr, dstPort: user.local.port }),
    )
    traffic.begin(this.name, stream, { bytesIn: stream.bytesIn, bytesOut: stream.bytesOut })
    const coded = request.useEncryption || request.useCompression
    const { link, direct } = user.open(coded ? null : stream.reader())
    const coat = coded ? new CodedLink(link, { ...request, key: streamKey(server.token), randomBytes: server.randomBytes }) : null
    if (user.first !== null) stream.write(coat?.encode(user.first) ?? user.first)
    const near = coat ?? link
    stream.relay(near, { direct, rest, closeTogether: !peerIsOurs })
  }
}

/** An IPv4 address that came through an IPv6 socket, as people write it. */
export const plainHost = (host: string): string => (host.startsWith('::ffff:') ? host.slice(7) : host)
