// What must hold at every moment, seen from outside: in the requests that hosts make and in what nodes tell.
import type { Entry } from '../../src/feed/news.ts'
import { type Failure, isFailure, type PeerAnswer, type PeerRequest } from '../../src/ports.ts'
import type { World } from '../sim/world.ts'
import { P2PRC_HOST } from './hosts.ts'

/** What is wrong. `kind` is what two runs of the same fault share; `text` has who and when. */
export interface Flaw {
  readonly kind: string
  readonly text: string
}

/** Bursts of pings under way at once, as the node promises. */
const MOST_PINGS_AT_ONCE = 16
/** A burst is at most four requests; four bursts a second, and each row once ahead of its turn. */
const WINDOW_MS = 10_000
const MOST_PINGS_IN_WINDOW = (WINDOW_MS / 1_000) * 4 * 4 + 64
/** One row: a burst every 5 s, or a second when it is suspect. */
const MOST_OF_ONE_IN_WINDOW = (WINDOW_MS / 1_000) * 4 + 24
const MAX_BODY_BYTES = 1 << 20
/** An address is announced this long after its proof at the latest. */
const PROOF_MS = 15_000
/** Between two proofs by its id, which are a minute apart, a node's knocks at its own address count. */
const KNOCKS_MS = 75_000
/** Of each kind, the first few tell enough. */
const MOST_OF_A_KIND = 3

interface Pings {
  atOnce: number
  readonly ofOne: Map<string, number>
  readonly begun: { readonly atMs: number; readonly address: string }[]
  readonly lastOf: Map<string, number>
}

export class Watch {
  readonly flaws: Flaw[] = []
  readonly #world: World
  readonly #pings = new Map<string, Pings>()
  /** When somebody else got the echo of that id at that address, or a P2PRC peer an answer: `address id`. */
  readonly #proofs = new Map<string, number>()
  /** When that host's own connect to that address came through: `address host`. What it sends there is not seen from outside. */
  readonly #knocks = new Map<string, number>()
  /** When somebody's connect to that address came through. */
  readonly #connects = new Map<string, number>()

  constructor(world: World) {
    this.#world = world
    world.onRequest = (host, address, request) => this.#asked(host, address, request)
    world.network.onHappening = (text) => this.#happened(text)
  }

  /** When that host last began to ping the address. */
  pingedAtMs(host: string, address: string): number {
    return this.#pings.get(host)?.lastOf.get(address) ?? Number.NEGATIVE_INFINITY
  }

  /**
   * When the node of that host was last seen to be reached at the address: it told
   * its id there, or, not long after that, has knocked there.
   */
  provenAtMs(address: string, host: string): number {
    const { id } = this.#world.identity(host)
    const toldMs = Math.max(this.#at(this.#proofs, `${address} ${id}`), this.#at(this.#proofs, `${address} p2prc`))
    return this.#nowMs - toldMs < KNOCKS_MS ? Math.max(toldMs, this.#at(this.#knocks, `${address} ${host}`)) : toldMs
  }

  /** A node told something. */
  told(node: string, entry: Entry): void {
    if (entry.type === 'node.reachability' && entry.verdict !== 'unknown' && entry.address !== null) {
      if (this.#nowMs - this.provenAtMs(entry.address, node) > PROOF_MS)
        this.note('announced unproven', `${node} announced ${entry.address}, which nobody had reached it at`)
    }
    if (entry.type === 'service.up' && /^\d/.test(entry.public) && entry.service === 'tcp')
      if (this.#nowMs - this.#at(this.#connects, entry.public) > PROOF_MS)
        this.note('announced unproven', `${node} announced its service at ${entry.public}, which nobody had connected to`)
  }

  note(kind: string, text: string): void {
    const known = this.flaws.filter((flaw) => flaw.kind === kind).length
    if (known < MOST_OF_A_KIND) this.flaws.push({ kind, text: `${(this.#nowMs / 1_000).toFixed(1)} s: ${text}` })
  }

  get #nowMs(): number {
    return this.#world.clock.now()
  }

  #at(moments: ReadonlyMap<string, number>, key: string): number {
    return moments.get(key) ?? Number.NEGATIVE_INFINITY
  }

  #asked(host: string, address: string, { path, body }: PeerRequest): (answer: PeerAnswer | Failure) => void {
    if (body instanceof Uint8Array && body.length > MAX_BODY_BYTES)
      this.note('body too large', `${host} sent ${body.length} bytes to ${path}`)
    // The P2PRC peer keeps its own habits.
    const pinged = path === '/server_info' && host !== P2PRC_HOST ? this.#pinged(host, address) : () => {}
    return (answer) => {
      pinged()
      if (isFailure(answer) || answer.status !== 200) return
      if (answer.body.length > MAX_BODY_BYTES) this.note('body too large', `${host} was sent ${answer.body.length} bytes by ${address}`)
      if (path.startsWith('/v2/echo')) this.#proofs.set(`${address} ${idIn(answer.body)}`, this.#nowMs)
      if (path === '/server_info') this.#proofs.set(`${address} p2prc`, this.#nowMs)
    }
  }

  #pinged(host: string, address: string): () => void {
    const pings: Pings = this.#pings.get(host) ?? { atOnce: 0, ofOne: new Map(), begun: [], lastOf: new Map() }
    this.#pings.set(host, pings)
    const { begun, ofOne, lastOf } = pings
    const atMs = this.#nowMs
    lastOf.set(address, atMs)
    begun.push({ atMs, address })
    while ((begun[0]?.atMs ?? atMs) < atMs - WINDOW_MS) begun.shift()
    pings.atOnce++
    ofOne.set(address, (ofOne.get(address) ?? 0) + 1)
    if (pings.atOnce > MOST_PINGS_AT_ONCE) this.note('too many pings at once', `${host} had ${pings.atOnce} under way`)
    if ((ofOne.get(address) ?? 0) > 1) this.note('pinged twice at once', `${host} pinged ${address} while it was pinging it`)
    if (begun.length > MOST_PINGS_IN_WINDOW) this.note('too many pings', `${host} began ${begun.length} requests in ${WINDOW_MS} ms`)
    const same = begun.filter((one) => one.address === address).length
    if (same > MOST_OF_ONE_IN_WINDOW) this.note('pinged without a pause', `${host} asked ${address} ${same} times in ${WINDOW_MS} ms`)
    return () => {
      pings.atOnce--
      ofOne.set(address, (ofOne.get(address) ?? 1) - 1)
    }
  }

  #happened(text: string): void {
    const [, from, connected] = /(\S+) > (\S+) connected$/.exec(text) ?? []
    if (connected !== undefined) {
      this.#connects.set(connected, this.#nowMs)
      this.#knocks.set(`${connected} ${from}`, this.#nowMs)
    }
    // What a process had under way ended with it.
    const killed = /^\S+ (\S+) killed$/.exec(text)?.[1]
    const pings = killed === undefined ? undefined : this.#pings.get(killed)
    if (pings && killed !== undefined) this.#pings.set(killed, { ...pings, atOnce: 0, ofOne: new Map(), begun: [] })
  }
}

function idIn(body: Buffer): string {
  try {
    const echo: unknown = JSON.parse(body.toString('utf8'))
    return typeof echo === 'object' && echo !== null && 'id' in echo ? String(echo.id) : ''
  } catch {
    return ''
  }
}
