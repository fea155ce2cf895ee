// The users of a udp service, at the service's end: a local socket for each, so that the service tells them apart.
import { type OnBug, throwBug } from '../bugs.ts'
import type { DatagramPort, FrpClock, FrpFailure, OpenDatagrams } from '../contract.ts'
import { MAX_DATAGRAM_BYTES } from '../wire/datagram-size.ts'
import type { UdpAddress } from '../wire/messages.ts'
import { proxyHeader } from '../wire/proxy-protocol.ts'

/** A user's socket is closed when nothing has passed for this long; frp's figure. */
const IDLE_MS = 30_000
const MAX_USERS = 1_024
/** Datagrams of a user kept while its socket is being opened. */
const MAX_EARLY = 32

interface User {
  readonly early: Buffer[]
  socket: DatagramPort | null
  timer: unknown
  usedAt: number
  closed: boolean
}

export interface UdpUsersOptions {
  readonly clock: FrpClock
  readonly openDatagrams: OpenDatagrams
  /** `host:port` of the service. */
  readonly local: string
  /**
   * The first datagram to a user's new socket has the PROXY protocol's
   * header (v2) in front, as with stock frpc 0.70.1. Default: no.
   */
  readonly withHeader?: boolean
  /** What the service answers, and to whom. */
  readonly toUser: (bytes: Buffer, user: UdpAddress) => void
  /** A user can't be served. */
  readonly onFail: (why: string) => void
  /** Default: thrown, which ends the process. */
  readonly onBug?: OnBug
}

export class UdpUsers {
  readonly #options: UdpUsersOptions
  readonly #target: UdpAddress
  readonly #users = new Map<string, User>()

  constructor(options: UdpUsersOptions) {
    this.#options = options
    const colon = options.local.lastIndexOf(':')
    this.#target = { host: options.local.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(options.local.slice(colon + 1)) }
  }

  /** Users of whom a datagram, or to whom an answer, has passed lately. */
  get size(): number {
    return this.#users.size
  }

  /** Ends every user's socket. */
  close(): void {
    for (const [key, user] of [...this.#users]) this.#forget(key, user)
  }

  /**
   * A user's datagram. Lost, and told to `onFail`, when there are 1,024
   * users already, or its socket can't be opened or not so soon.
   */
  toService(bytes: Buffer, from: UdpAddress): void {
    const key = `${from.host} ${from.port}`
    const known = this.#users.get(key)
    const user = known ?? this.#open(key, from)
    if (user === null) return
    user.usedAt = this.#options.clock.now()
    const whole = known === undefined && this.#options.withHeader === true ? Buffer.concat([this.#headerFor(from), bytes]) : bytes
    if (whole.length > MAX_DATAGRAM_BYTES)
      this.#options.onFail(`a datagram of ${bytes.length} bytes was lost: with the PROXY header it is too large`)
    else if (user.socket !== null) user.socket.send(whole, this.#target)
    else if (user.early.length < MAX_EARLY) user.early.push(whole)
    else this.#options.onFail('a datagram was lost: they come faster than a socket for their user is opened')
  }

  #headerFor(source: UdpAddress): Buffer {
    return proxyHeader('v2', { source, destination: this.#target, datagrams: true })
  }

  #open(key: string, from: UdpAddress): User | null {
    if (this.#users.size >= MAX_USERS) {
      this.#options.onFail(`more than ${MAX_USERS} users at once`)
      return null
    }
    const user: User = { early: [], socket: null, timer: null, usedAt: this.#options.clock.now(), closed: false }
    this.#users.set(key, user)
    this.#watch(key, user)
    const answered = (bytes: Buffer, service: UdpAddress): void => {
      if (service.port !== this.#target.port) return // not the service's
      user.usedAt = this.#options.clock.now()
      this.#options.toUser(bytes, from)
    }
    const opened = (socket: DatagramPort | FrpFailure): void => {
      if (socket.type === 'failed') {
        if (!user.closed) this.#options.onFail(`no local socket for a user: ${socket.text}`)
        return this.#forget(key, user)
      }
      user.socket = socket
      if (user.closed) return this.#closeSocket(user)
      for (const bytes of user.early.splice(0)) socket.send(bytes, this.#target)
    }
    this.#options.openDatagrams(this.#bindAddress, answered).then(opened).catch(this.#onBug)
    return user
  }

  get #onBug(): OnBug {
    return this.#options.onBug ?? throwBug
  }

  #closeSocket({ socket }: User): void {
    socket?.close().catch(this.#onBug)
  }

  /** A service on this machine is asked from a socket that others can't reach. */
  get #bindAddress(): string {
    const { host } = this.#target
    if (host === 'localhost' || host.startsWith('127.')) return '127.0.0.1:0'
    return host.includes(':') ? (host === '::1' ? '[::1]:0' : '[::]:0') : '0.0.0.0:0'
  }

  #watch(key: string, user: User): void {
    const { clock } = this.#options
    // The same sum both times: what is left must not be nothing while it is not over.
    const leftMs = (): number => user.usedAt + IDLE_MS - clock.now()
    user.timer = clock.setTimeout(() => (leftMs() <= 0 ? this.#forget(key, user) : this.#watch(key, user)), leftMs())
  }

  #forget(key: string, user: User): void {
    if (user.closed) return
    user.closed = true
    this.#users.delete(key)
    this.#options.clock.clearTimeout(user.timer)
    this.#closeSocket(user)
  }
}
