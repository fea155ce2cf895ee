// What strangers have of a TURN, counted by address. Refusals are texts for the client; that a limit was met is told at most once a
// minute for each limit.
import type { FrpClock, RationName, StrangerRations } from '../contract.ts'
import { TokenBucket } from '../meters/bandwidth-limit.ts'

const DAY_MS = 24 * 3_600_000
const TOLD_AGAIN_MS = 60_000
/** Addresses whose traffic of the day is known. Of those that are not connected the one that began first is forgotten. */
const MAX_ADDRESSES = 8_192

/** What passes here is counted, and held back. */
interface Account {
  sessions: number
  nodes: number
  proxies: number
  readonly bucket: TokenBucket | null
  dayFromMs: number
  bytes: number
  readonly ends: Set<(why: string) => void>
}

export interface RationingOptions {
  readonly clock: FrpClock
  readonly rations: StrangerRations
  readonly onMet: (ration: RationName, address: string) => void
}

export class Rationing {
  readonly #options: RationingOptions
  readonly #accounts = new Map<string, Account>()
  readonly #toldAtMs = new Map<RationName, number>()
  #strangers = 0

  constructor(options: RationingOptions) {
    this.#options = options
  }

  /** Why another login of that address is refused; null: it is not. `leaving`: how many it replaces. */
  loginObjection(kind: 'stranger' | 'node', address: string, leaving: number): string | null {
    const { sessions, clients, nodes, bytesPerDay } = this.#options.rations
    const account = this.#known(address)
    if (kind === 'node') {
      if (isOver(nodes, (account?.nodes ?? 0) - leaving))
        return this.#met('nodes', address, `too many sessions from this address: ${nodes} nodes`)
      return null
    }
    if (isOver(sessions, (account?.sessions ?? 0) - leaving))
      return this.#met('sessions', address, `too many sessions from this address: strangers have ${sessions}`)
    if (isOver(clients, this.#strangers - leaving)) return this.#met('clients', address, `too many clients: strangers have ${clients}`)
    if (isOver(bytesPerDay, account?.bytes ?? 0)) return this.#met('bytesPerDay', address, DAY_USED)
    return null
  }

  /** A session began. `end`: ends it. Answers what is to be called when it has ended. */
  begin(kind: 'stranger' | 'node', address: string, end: (why: string) => void): () => void {
    const account = this.#account(address)
    const count = kind === 'node' ? 'nodes' : 'sessions'
    account[count]++
    if (kind === 'stranger') {
      this.#strangers++
      account.ends.add(end)
    }
    let ended = false
    return () => {
      if (ended) return
      ended = true
      account[count]--
      if (kind === 'stranger') this.#strangers--
      account.ends.delete(end)
    }
  }

  /** Takes one of the address's proxies; false: it has as many as it may. */
  takeProxy(address: string): boolean {
    const account = this.#account(address)
    if (isOver(this.#options.rations.ports, account.proxies)) return false
    account.proxies++
    return true
  }

  returnProxy(address: string): void {
    this.#account(address).proxies--
  }

  /** Holds back and counts all that passes for an address; null: nothing is to be held back or counted. */
  bucketOf(address: string): TokenBucket | null {
    return this.#account(address).bucket
  }

  /** Tells that a limit was met, and gives the text back. */
  met(ration: RationName, address: string): void {
    this.#met(ration, address, '')
  }

  #met(ration: RationName, address: string, text: string): string {
    const now = this.#options.clock.now()
    if (now - (this.#toldAtMs.get(ration) ?? Number.NEGATIVE_INFINITY) >= TOLD_AGAIN_MS) {
      this.#toldAtMs.set(ration, now)
      this.#options.onMet(ration, address)
    }
    return text
  }

  /** With a day that is over begun anew. */
  #known(address: string): Account | undefined {
    const account = this.#accounts.get(address)
    const now = this.#options.clock.now()
    if (account === undefined || now - account.dayFromMs < DAY_MS) return account
    account.dayFromMs = now
    account.bytes = 0
    return account
  }

  #account(address: string): Account {
    const known = this.#known(address)
    if (known !== undefined) return known
    if (this.#accounts.size >= MAX_ADDRESSES) this.#forgetOne()
    const { clock, rations } = this.#options
    const { bytesPerSecond, bytesPerDay } = rations
    const onTake = (bytes: number): void => this.#took(address, bytes)
    const onWait = (): void => this.met('bytesPerSecond', address)
    const isCounted = bytesPerSecond > 0 || bytesPerDay > 0
    const bucket = isCounted ? new TokenBucket(clock, bytesPerSecond > 0 ? bytesPerSecond : UNLIMITED, { onTake, onWait }) : null
    const account: Account = { sessions: 0, nodes: 0, proxies: 0, bucket, dayFromMs: clock.now(), bytes: 0, ends: new Set() }
    this.#accounts.set(address, account)
    return account
  }

  #forgetOne(): void {
    for (const [address, { sessions, nodes, proxies }] of this.#accounts) {
      if (sessions + nodes + proxies > 0) continue
      this.#accounts.delete(address)
      return
    }
  }

  #took(address: string, bytes: number): void {
    const account = this.#known(address)
    const { bytesPerDay } = this.#options.rations
    if (account === undefined) return
    const before = account.bytes
    account.bytes += bytes
    if (isOver(bytesPerDay, before) || !isOver(bytesPerDay, account.bytes)) return
    this.met('bytesPerDay', address)
    // not within the transfer that was one too many
    this.#options.clock.setTimeout(() => {
      for (const end of [...account.ends]) end(DAY_USED)
    }, 0)
  }
}

const DAY_USED = 'the traffic that a stranger has in 24 h is used up'
const UNLIMITED = 2 ** 50

/** 0 is no limit. */
const isOver = (limit: number, count: number): boolean => limit > 0 && count >= limit
