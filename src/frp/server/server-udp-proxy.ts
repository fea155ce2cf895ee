// One udp proxy at the TURN's end: a UDP port whose datagrams all go over one work connection. When that is lost another one is
// fetched.
import type { DatagramPort } from '../contract.ts'
import { createCoder } from '../wire/coding.ts'
import { streamKey } from '../wire/crypto.ts'
import { datagramLimits } from '../wire/datagram-size.ts'
import type { UdpAddress } from '../wire/messages.ts'
import { NO_WORK, OVER_LIMIT, PacketStream } from '../wire/packet-stream.ts'
import type { HeldPort } from './port-pool.ts'
import { plainHost, type ServerProxy, type ServerProxyOptions } from './server-proxy.ts'
import type { IdleWork } from './work-pool.ts'

/** A stock client drops a work connection for a proxy it has not set up yet; frp's figure. */
const FIRST_FETCH_MS = 500
const NEXT_FETCH_MS = 1_000
/** Users that may be answered: those heard last. */
const MAX_USERS = 4_096
/** The client pings every 30 s; frp's figure. */
const SILENCE_MS = 60_000

export class ServerUdpProxy implements ServerProxy {
  readonly name: string
  readonly kind = 'udp'
  readonly #options: ServerProxyOptions
  /** As `host port`, the one heard last at the end; with the bytes that may still be sent there, for a stranger's proxy. */
  readonly #users = new Map<string, { credit: number }>()
  #held: HeldPort | null = null
  #socket: DatagramPort | null = null
  #work: IdleWork | null = null
  #packets: PacketStream | null = null
  #timer: unknown = null
  #heardAt = 0
  #closed = false

  constructor(options: ServerProxyOptions) {
    this.name = options.request.proxyName
    this.#options = options
  }

  get port(): number {
    return this.#held?.port ?? 0
  }

  async open(address: string): Promise<DatagramPort | null> {
    const opened = await this.#options.server.openDatagrams?.(address, (bytes, from) =>
      this.#fromUser(bytes, { host: plainHost(from.host), port: from.port }),
    )
    if (opened === undefined || opened.type === 'failed') return null
    this.#socket = opened
    return opened
  }

  hold(port: HeldPort): void {
    this.#held = port
  }

  start(): void {
    this.#after(this.#options.peerIsOurs ? 0 : FIRST_FETCH_MS, () => this.#fetch())
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#drop()
    await this.#held?.release()
  }

  #after(ms: number, run: () => void): void {
    const { clock } = this.#options.server
    if (this.#timer !== null) clock.clearTimeout(this.#timer)
    this.#timer = clock.setTimeout(run, ms)
  }

  #fetch(): void {
    this.#timer = null
    this.#options.pool.get({ give: (work) => this.#begin(work), refuse: (why) => this.#lost(why) })
  }

  #begin(work: IdleWork): void {
    const { server, request, traffic, peerDatagramBytes, token } = this.#options
    const { stream, wire, rest } = work
    if (this.#closed) return stream.reset()
    this.#work = work
    stream.write(wire.encode({ type: 'startWorkConn', proxyName: this.name }))
    const packets = new PacketStream(stream, {
      wire,
      limits: datagramLimits(wire, peerDatagramBytes),
      coder: createCoder({ ...request, key: streamKey(token), randomBytes: server.randomBytes }),
      onPacket: (bytes, user) => this.#toUser(bytes, user),
      onSign: () => {
        this.#heardAt = server.clock.now()
      },
      onFail: (fault) => this.#lost(fault),
    })
    traffic.hold(this.name, stream, () => {
      if (this.#work === work) this.#lost(null)
    })
    this.#packets = packets
    this.#heardAt = server.clock.now()
    this.#watch()
    packets.start(rest)
  }

  #fromUser(bytes: Buffer, user: UdpAddress): void {
    const { ration } = this.#options
    // A datagram does not say to which address it came. Who sends from loopback can only have sent it to that.
    if (isLoopback(user.host) && ration?.mayArriveAt(user.host) === false) return
    if (!this.#admits(bytes)) return this.#failed(OVER_LIMIT)
    const key = `${user.host} ${user.port}`
    const credit = (this.#users.get(key)?.credit ?? 0) + bytes.length * (ration?.udpFactor ?? 0)
    this.#users.delete(key)
    this.#users.set(key, { credit })
    for (const oldest of this.#users.keys()) {
      if (this.#users.size <= MAX_USERS) break
      this.#users.delete(oldest)
    }
    const lost = this.#packets === null ? NO_WORK : this.#packets.send(bytes, user)
    if (lost === null) this.#count('in', bytes, key)
    else this.#failed(lost)
  }

  /** Only to those who came: a client could else have this machine send to whatever it reaches. */
  #toUser(bytes: Buffer, user: UdpAddress): void {
    const key = `${user.host} ${user.port}`
    if (this.#socket === null) return
    const known = this.#users.get(key)
    if (known === undefined) return this.#failed('a datagram was lost: the client sent it to somebody who had not come')
    const { ration } = this.#options
    if (ration !== null && ration.udpFactor > 0) {
      if (known.credit < bytes.length) {
        ration.onUdpMet()
        return this.#failed(`a datagram was lost: a stranger sends at most ${ration.udpFactor} times what came from there`)
      }
      known.credit -= bytes.length
    }
    if (!this.#admits(bytes)) return this.#failed(OVER_LIMIT)
    this.#socket.send(bytes, user)
    this.#count('out', bytes, key)
  }

  #admits({ length }: Buffer): boolean {
    return this.#options.limits.every((limit) => limit.admit(length))
  }

  #count(direction: 'in' | 'out', { length }: Buffer, user: string): void {
    const { traffic, server } = this.#options
    if (!this.#closed) traffic.meter(this.name).datagram(direction, length, user, server.clock.now())
  }

  #watch(): void {
    const leftMs = (): number => this.#heardAt + SILENCE_MS - this.#options.server.clock.now()
    this.#after(leftMs(), () => (leftMs() <= 0 ? this.#lost('the client fell silent') : this.#watch()))
  }

  /** `fault`: why users are not served; null when the work connection was just closed. */
  #lost(fault: string | null): void {
    this.#drop()
    if (fault !== null) this.#failed(fault)
    if (!this.#closed) this.#after(NEXT_FETCH_MS, () => this.#fetch())
  }

  #failed(why: string): void {
    if (!this.#closed) this.#options.traffic.failed(this.name, why)
  }

  #drop(): void {
    if (this.#timer !== null) this.#options.server.clock.clearTimeout(this.#timer)
    this.#timer = null
    const work = this.#work
    this.#work = null
    this.#packets?.stop()
    this.#packets = null
    work?.stream.reset()
  }
}

const isLoopback = (host: string): boolean => host.startsWith('127.') || host === '::1'
