// One logged-in client at the TURN's end: its control channel, its proxies and its work connections.
import type { FrpServerOptions } from '../contract.ts'
import type { ProxyFigures } from '../meters/proxy-meter.ts'
import { Traffic } from '../meters/traffic.ts'
import type { MuxStream } from '../mux/mux-contract.ts'
import { ControlChannel } from '../wire/control-channel.ts'
import { controlCipher } from '../wire/control-cipher.ts'
import type { Message, MessageOf } from '../wire/messages.ts'
import type { Wire } from '../wire/wire.ts'
import type { ClientOwner } from './client-owner.ts'
import type { PortPool } from './port-pool.ts'
import type { SessionClaims } from './session-claims.ts'
import { type CarriedProxy, SessionProxies } from './session-proxies.ts'
import type { TcpGroups } from './tcp-groups.ts'
import { type IdleWork, WorkPool } from './work-pool.ts'

export interface ServerSessionOptions {
  readonly server: FrpServerOptions
  readonly id: number
  readonly runId: string
  readonly login: MessageOf<'login'>
  readonly control: MuxStream
  readonly wire: Wire
  /** The hash of wire v2's hellos; null on v1. */
  readonly transcript: Buffer | null
  /** No mux: only the client's pings show that it lives. */
  readonly mux: boolean
  readonly ports: { readonly tcp: PortPool; readonly udp: PortPool }
  readonly groups: TcpGroups
  readonly claims: SessionClaims
  /** A proxy is closed: what it carried in all. */
  readonly onProxyEnded: (figures: ProxyFigures) => void
  /** The session wants to end; the owner ends it. */
  readonly onFail: (why: string) => void
}

export interface ServerSessionFigures {
  readonly session: number
  readonly runId: string
  /** Its proven id; null: there is none. */
  readonly member: string | null
  readonly peerIsOurs: boolean
  readonly idleWork: number
  readonly waitingUsers: number
  readonly proxies: readonly CarriedProxy[]
}

/** frp's figure; without mux only. */
const HEARTBEAT_TIMEOUT_MS = 90_000
/** Control messages a client may send in one go, and per second in the long run. */
const BURST = 4_096
const MESSAGES_PER_SECOND = 50

export class ServerSession {
  readonly id: number
  readonly runId: string
  readonly peerIsOurs: boolean
  readonly traffic: Traffic
  readonly #options: ServerSessionOptions
  readonly #control: ControlChannel
  readonly #pool: WorkPool
  readonly #proxies: SessionProxies
  #budget = BURST
  #budgetAt: number
  #heartbeat: unknown = null
  #closing: Promise<void> | null = null

  constructor(options: ServerSessionOptions) {
    const { server, login } = options
    this.#options = options
    this.id = options.id
    this.runId = options.runId
    this.peerIsOurs = 'moonwalk' in login.metas
    this.#budgetAt = server.clock.now()
    this.traffic = new Traffic({ clock: server.clock, receivedIs: 'out', onEnd: options.onProxyEnded })
    this.#control = new ControlChannel(options.control, {
      clock: server.clock,
      wire: options.wire,
      cipher: controlCipher({
        token: options.claims.owner.token,
        randomBytes: server.randomBytes,
        transcript: options.transcript,
        client: false,
      }),
      onMessage: (message) => this.#receive(message),
      onFail: (why) => options.onFail(why),
    })
    this.#pool = new WorkPool({
      clock: server.clock,
      poolCount: Math.max(0, Math.min(login.poolCount, server.maxPoolCount)),
      ask: () => this.#control.send({ type: 'reqWorkConn' }),
    })
    this.#proxies = new SessionProxies({
      session: options,
      peerIsOurs: this.peerIsOurs,
      pool: this.#pool,
      traffic: this.traffic,
      send: (message) => this.#control.send(message),
    })
  }

  get owner(): ClientOwner {
    return this.#options.claims.owner
  }

  /** LoginResp is sent: asks for work connections and listens. */
  start(rest: Buffer | null): void {
    this.#expectPing()
    this.#pool.start()
    this.#control.start(rest)
  }

  /** False: more are idle than the client may keep here. */
  addWork(work: IdleWork): boolean {
    return this.#pool.add(work)
  }

  get figures(): ServerSessionFigures {
    const { id, runId, peerIsOurs } = this
    return {
      session: id,
      runId,
      member: this.owner.member,
      peerIsOurs,
      idleWork: this.#pool.idleCount,
      waitingUsers: this.#pool.waitingCount,
      proxies: this.#proxies.carried,
    }
  }

  /** Ends everything but the connection, which is the owner's; settles once every port is free. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#control.stop()
    if (this.#heartbeat !== null) this.#options.server.clock.clearTimeout(this.#heartbeat)
    this.#pool.close()
    this.traffic.endAll()
    await this.#proxies.closeAll()
  }

  #receive(message: Message): void {
    if (!this.#withinBudget()) return this.#options.onFail('too many control messages')
    switch (message.type) {
      case 'ping':
        this.#expectPing()
        return this.#control.send({ type: 'pong' })
      case 'newProxy':
        return this.#proxies.open(message)
      case 'closeProxy':
        return this.#proxies.close(message.proxyName)
      default:
        return
    }
  }

  #withinBudget(): boolean {
    const now = this.#options.server.clock.now()
    this.#budget = Math.min(BURST, this.#budget + ((now - this.#budgetAt) / 1000) * MESSAGES_PER_SECOND)
    this.#budgetAt = now
    return --this.#budget >= 0
  }

  #expectPing(): void {
    if (this.#options.mux) return
    const { clock } = this.#options.server
    if (this.#heartbeat !== null) clock.clearTimeout(this.#heartbeat)
    this.#heartbeat = clock.setTimeout(() => this.#options.onFail('no heartbeat for 90 s'), HEARTBEAT_TIMEOUT_MS)
  }
}
