// A TURN and its clients in one process: links instead of sockets, ports that are numbers, a clock that is told.
import { createHash } from 'node:crypto'
import { createFrpClient } from '../../src/frp/client/client.ts'
import type { FrpClientFact, FrpClientOptions, FrpFailure, FrpServerFact, FrpServerOptions, ProxySpec } from '../../src/frp/contract.ts'
import type { AcceptedLink, Link, OpenedLink, Reader } from '../../src/frp/links/link.ts'
import { createFrpServer } from '../../src/frp/server/server.ts'
import { frpClock, settle } from './frp-clock.ts'
import { acceptedOf, linkPair, openedOf } from './link-pair.ts'
import { SERVER_DEFAULTS } from './server-defaults.ts'

/** Who comes to the TURN. */
export interface From {
  readonly host?: string
  readonly member?: string
}

export const PROXY: ProxySpec = {
  name: 'web',
  type: 'tcp',
  local: '127.0.0.1:80',
  remotePort: 0,
  customDomains: [],
  useEncryption: false,
  useCompression: false,
}

/** What a person at one end of a connection sees of it. */
export class Caller {
  readonly link: Link
  received: Buffer = Buffer.alloc(0)
  ended = false
  closed = false

  constructor(link: Link) {
    this.link = link
    link.on('data', (bytes) => {
      this.received = Buffer.concat([this.received, bytes])
    })
    link.on('end', () => {
      this.ended = true
      link.end()
    })
    link.on('error', () => {})
    link.on('close', () => {
      this.closed = true
    })
  }

  get text(): string {
    return this.received.toString('latin1')
  }
}

export class World {
  readonly clock = frpClock()
  readonly told: FrpServerFact[] = []
  readonly ports = new Map<number, (accepted: AcceptedLink) => void>()
  /** Ports that somebody else holds. */
  readonly busy = new Set<number>()
  /** Every link that was made, both ends. */
  readonly links: Link[] = []
  /** What the local services are: called with each connection. */
  service: (link: Link, target: string) => void = echo
  localFails = false
  /** Links to the TURN, the TURN's ends. */
  readonly turnLinks: Link[] = []
  readonly server: ReturnType<typeof createFrpServer>
  #seed = 0

  constructor(options: Partial<FrpServerOptions> = {}) {
    this.server = createFrpServer({
      ...SERVER_DEFAULTS,
      clock: this.clock,
      randomBytes: this.randomBytes,
      listen: async (address, onLink) => {
        const port = Number(address.slice(address.lastIndexOf(':') + 1))
        if (this.busy.has(port) || this.ports.has(port)) return { type: 'failed', reason: 'in-use', text: 'address in use' }
        this.ports.set(port, onLink)
        return { type: 'listening', port, close: async () => void this.ports.delete(port) }
      },
      tokens: () => ['secret'],
      ports: { first: 20_000, last: 20_099 },
      silenceMs: 5_000,
      tell: (fact) => this.told.push(fact),
      ...options,
    })
  }

  readonly randomBytes = (count: number): Uint8Array =>
    createHash('sha256')
      .update(`${this.#seed++}`)
      .digest()
      .subarray(0, count)

  pair(): [Link, Link] {
    const pair = linkPair()
    this.links.push(...pair)
    return pair
  }

  get openLinks(): number {
    return this.links.filter((link) => !link.destroyed).length
  }

  /** A connection to the TURN's public port. `from`: another address than loopback, or a member's. */
  toTurn(from: From = {}): Link {
    const [near, far] = this.pair()
    this.turnLinks.push(far)
    let begun = false
    far.on('error', () => {})
    far.on('data', (first) => {
      if (begun) return
      begun = true
      const { host = '127.0.0.1', member } = from
      const accepted = acceptedOf(far, first)
      this.server.accept({ ...accepted, remote: { ...accepted.remote, host }, ...(member === undefined ? {} : { member }) })
    })
    return near
  }

  readonly dialServer = async (reader: Reader | null): Promise<OpenedLink | FrpFailure> => openedOf(this.toTurn(), reader)

  dialFrom(from: From): FrpClientOptions['dialServer'] {
    return async (reader) => openedOf(this.toTurn(from), reader)
  }

  readonly dialLocal = async (target: string, reader: Reader | null): Promise<OpenedLink | FrpFailure> => {
    if (this.localFails) return { type: 'failed', text: 'connection refused' }
    const [near, far] = this.pair()
    this.service(far, target)
    return openedOf(near, reader)
  }

  client(options: Partial<FrpClientOptions> = {}) {
    const told: FrpClientFact[] = []
    const client = createFrpClient({
      clock: this.clock,
      randomBytes: this.randomBytes,
      dialServer: this.dialServer,
      dialLocal: this.dialLocal,
      token: 'secret',
      mux: true,
      tls: false,
      wire: 1,
      poolCount: 1,
      runId: '',
      keepaliveMs: 10_000,
      silenceMs: 5_000,
      peerIsOurs: true,
      tell: (fact) => told.push(fact),
      ...options,
    })
    return { client, told }
  }

  /** A client that has logged in and whose proxy is open; its port. */
  async serving(spec: Partial<ProxySpec> = {}, options: Partial<FrpClientOptions> = {}) {
    const { client, told } = this.client(options)
    client.start()
    client.openProxy({ ...PROXY, ...spec })
    await settle()
    const started = told.find((fact) => fact.type === 'client.proxyStarted')
    return { client, told, port: Number(started?.remoteAddr.slice(1) ?? 0) }
  }

  /** A user who comes to a port; null when nobody listens there. */
  user(port: number, at = '127.0.0.1'): Caller | null {
    const onLink = this.ports.get(port)
    if (onLink === undefined) return null
    const [near, far] = this.pair()
    const caller = new Caller(near)
    onLink({ ...acceptedOf(far), local: { host: at, port } })
    return caller
  }
}

/** Answers with what it hears, and ends when the other end does. */
export function echo(link: Link): void {
  link.on('data', (bytes) => {
    if (!link.write(bytes)) link.pause()
  })
  link.on('drain', () => link.resume())
  link.on('end', () => link.end())
  link.on('error', () => {})
}
