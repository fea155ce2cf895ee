// Datagrams over a work connection: UDPPacket messages both ways, framed as its wire has it (v2 from frp
// 0.69.1 on), through the proxy's own coding where it has one. The client pings on it; the TURN never
// does, since 0.45's client takes whatever comes for a packet.
import type { MuxStream } from '../mux/mux-contract.ts'
import type { Coder } from './coding.ts'
import type { DatagramLimits } from './datagram-size.ts'
import type { UdpAddress } from './messages.ts'
import type { MessageSource, Wire } from './wire.ts'

/** Why datagrams are lost that come while the work connection is being fetched. */
export const NO_WORK = 'a datagram was lost: there was no work connection for it'
/** Why they are lost beyond a proxy's bandwidth limit: to wait would make them late, and those behind them too. */
export const OVER_LIMIT = "a datagram was lost: it was beyond the proxy's bandwidth limit"

/** Beyond it datagrams are lost, as in a full queue of a router; about frp's 1,024 packets. */
const MAX_UNSENT_BYTES = 1 << 20

export interface PacketStreamOptions {
  readonly wire: Wire
  readonly limits: DatagramLimits
  readonly coder: Coder
  /** A datagram, and the user it belongs to. */
  readonly onPacket: (bytes: Buffer, user: UdpAddress) => void
  /** Anything came, a ping too. */
  readonly onSign: () => void
  /**
   * Nothing more can be read from the stream, which is left as it is. Once.
   * `fault`: what was wrong; null: the stream was just closed.
   */
  readonly onFail: (fault: string | null) => void
}

export class PacketStream {
  readonly #stream: MuxStream
  readonly #options: PacketStreamOptions
  readonly #reader: MessageSource
  #ended = false

  constructor(stream: MuxStream, options: PacketStreamOptions) {
    this.#stream = stream
    this.#options = options
    this.#reader = options.wire.source(options.limits.bodyBytes)
    stream.urgent = true
  }

  start(rest: Buffer | null): void {
    this.#stream.onEnd = () => this.#fail(null)
    if (rest !== null) this.#receive(rest)
    if (!this.#ended) this.#stream.onBytes = (bytes) => this.#receive(bytes)
  }

  /** Null: it is on its way. Else the datagram is lost, and this is why, in one clause. */
  send(bytes: Buffer, user: UdpAddress): string | null {
    const { wire, limits } = this.#options
    if (this.#ended) return NO_WORK
    if (bytes.length > limits.sendBytes)
      return `a datagram of ${bytes.length} bytes was lost: the other end of the tunnel takes ${limits.sendBytes} at most`
    if ((this.#stream.unsentBytes ?? 0) > MAX_UNSENT_BYTES) return 'a datagram was lost: the tunnel is slower than they come'
    this.#write(wire.encode({ type: 'udpPacket', content: bytes.toString('base64'), remote: user }))
    return null
  }

  ping(): void {
    if (!this.#ended) this.#write(this.#options.wire.encode({ type: 'ping' }))
  }

  stop(): void {
    this.#ended = true
    this.#stream.onBytes = null
    this.#stream.onEnd = null
  }

  #write(frame: Buffer): void {
    this.#stream.write(this.#options.coder.encode(frame))
  }

  #receive(coded: Buffer): void {
    const plain = this.#options.coder.decode(coded)
    if (plain === null) return this.#fail('undecodable bytes')
    for (const bytes of plain) this.#reader.push(bytes)
    while (!this.#ended) {
      const read = this.#reader.next()
      if (read.type === 'more') return
      if (read.type === 'fault') return this.#fail(read.text)
      this.#options.onSign()
      const { message } = read
      if (message.type === 'udpPacket' && message.remote !== null)
        this.#options.onPacket(Buffer.from(message.content, 'base64'), message.remote)
    }
  }

  #fail(fault: string | null): void {
    if (this.#ended) return
    this.stop()
    this.#options.onFail(fault)
  }
}
