// A udp service at its own end: the datagrams of all its users come over one work connection.
import type { OnBug } from '../bugs.ts'
import type { FrpClock, OpenDatagrams } from '../contract.ts'
import type { TokenBucket } from '../meters/bandwidth-limit.ts'
import type { ProxyMeter } from '../meters/proxy-meter.ts'
import type { MuxStream } from '../mux/mux-contract.ts'
import { UdpUsers } from '../server/udp-users.ts'
import type { Coder } from '../wire/coding.ts'
import { CUT, type DatagramLimits, mayBeCut } from '../wire/datagram-size.ts'
import type { UdpAddress } from '../wire/messages.ts'
import { NO_WORK, OVER_LIMIT, PacketStream } from '../wire/packet-stream.ts'
import type { Wire } from '../wire/wire.ts'

const PING_MS = 30_000

export interface ClientUdpOptions {
  readonly clock: FrpClock
  readonly openDatagrams: OpenDatagrams
  readonly wire: Wire
  /** `host:port` of the service. */
  readonly local: string
  /** True for a datagram that is not for the service. */
  readonly intercept: (bytes: Buffer) => boolean
  /** Where this end keeps the proxy's bandwidth limit. Beyond it datagrams are lost. */
  readonly limit: TokenBucket | null
  /** Each user's first datagram has the PROXY protocol's header (v2) in front. */
  readonly withHeader: boolean
  readonly meter: ProxyMeter
  readonly onBug: OnBug
}

export class ClientUdp {
  readonly #options: ClientUdpOptions
  readonly #users: UdpUsers
  #stream: MuxStream | null = null
  #packets: PacketStream | null = null
  #ping: unknown = null

  constructor(options: ClientUdpOptions) {
    this.#options = options
    this.#users = new UdpUsers({
      ...options,
      toUser: (bytes, user) => this.#toUser(bytes, user),
      onFail: (why) => this.#failed(why),
    })
  }

  /** Uses this work connection from now on, and ends the one before. The stream's `onGone` is the caller's. */
  attach(stream: MuxStream, rest: Buffer | null, { coder, limits }: { readonly coder: Coder; readonly limits: DatagramLimits }): void {
    this.#detach()
    this.#stream = stream
    this.#packets = new PacketStream(stream, {
      wire: this.#options.wire,
      limits,
      coder,
      onPacket: (bytes, user) => {
        const { intercept, limit } = this.#options
        const isProof = intercept(bytes)
        if (!isProof && limit?.admit(bytes.length) === false) return this.#failed(OVER_LIMIT)
        this.#count('in', bytes, user)
        if (!isProof && mayBeCut(bytes.length, limits)) this.#failed(CUT)
        if (!isProof) this.#users.toService(bytes, user)
      },
      onSign: () => {},
      onFail: (fault) => {
        if (fault !== null) this.#failed(fault)
        this.#detach()
      },
    })
    this.#schedulePing()
    this.#packets.start(rest)
  }

  /** The stream is gone. */
  lost(stream: MuxStream): void {
    if (this.#stream === stream) this.#detach()
  }

  close(): void {
    this.#detach()
    this.#users.close()
  }

  #toUser(bytes: Buffer, user: UdpAddress): void {
    if (this.#options.limit?.admit(bytes.length) === false) return this.#failed(OVER_LIMIT)
    const lost = this.#packets === null ? NO_WORK : this.#packets.send(bytes, user)
    if (lost === null) this.#count('out', bytes, user)
    else this.#failed(lost)
  }

  #count(direction: 'in' | 'out', { length }: Buffer, { host, port }: UdpAddress): void {
    this.#options.meter.datagram(direction, length, `${host} ${port}`, this.#options.clock.now())
  }

  #failed(why: string): void {
    this.#options.meter.failed(why, this.#options.clock.wallMs())
  }

  #detach(): void {
    const stream = this.#stream
    this.#stream = null
    this.#packets?.stop()
    this.#packets = null
    if (this.#ping !== null) this.#options.clock.clearTimeout(this.#ping)
    this.#ping = null
    stream?.reset()
  }

  #schedulePing(): void {
    this.#ping = this.#options.clock.setTimeout(() => {
      this.#packets?.ping()
      this.#schedulePing()
    }, PING_MS)
  }
}
