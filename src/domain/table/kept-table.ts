// The table itself: one container with one owner, changed in place, one row a change. What is asked of it often is kept with every change,
// so that asking costs the same however many rows there are.
import { type Unproven, UnprovenRows } from '../unproven.ts'
import { KeyRanges, type Word, type Words } from './key-ranges.ts'
import type { Page, Ranked } from './ordered-rows.ts'
import { type PageAsk, Pages } from './page.ts'
import { PickedKeys, type Picks } from './picked-rows.ts'
import { RankedRows } from './ranked-rows.ts'
import { type Gone, isListed, isPassedOn, isTurnCandidate, type Row } from './row.ts'

/** The table as everybody but its owner has it: always as it is now, and nobody's to change. */
export interface IpTable {
  /** In the order in which they came. */
  readonly rows: ReadonlyMap<string, Row>
  /** Which row holds an address. */
  readonly holders: ReadonlyMap<string, string>
  /** Removed rows by key, oldest first: what is heard of them is not believed for `GONE_FOR`, and they are shown as offline for `OFFLINE_FOR`. */
  readonly gone: ReadonlyMap<string, Gone>
  /** Addresses that turned out to be this node's, and until when (wall time) an unsigned row there is not looked at again. */
  readonly mine: ReadonlyMap<string, number>
  /** Keys a person removed, and the address of each then. They stay away until a person adds them. Another map after every change of it. */
  readonly removed: ReadonlyMap<string, string>
  /** The highest version of any row. */
  readonly version: number
  /** Counts every change of any row, figures too. */
  readonly revision: number
  /** What people see: proven rows, suspects among them, by latency, then by address. */
  readonly listed: Ranked
  /** A page of them, in any order. */
  page(ask: PageAsk): Page
  /** Those that could be a TURN, likewise. */
  readonly turns: Ranked
  /** Those with an identity that are alive and have been reached from here, this node's own row among them. */
  readonly peers: Picks
  /** How many are alive. */
  readonly aliveCount: number
  /** How many wait for their first look, without those that are listed by others' word. */
  readonly untriedCount: number
  /** Listed ones that offer to be a TURN and are reached without one, suspects among them. */
  readonly offeringCount: number
  readonly suspects: ReadonlySet<string>
  /** Listed by others' word alone. */
  readonly told: Picks
  /** These, and those that answered this node and were not pinged yet. */
  readonly unlooked: Picks
  /** Keys of rows that nobody signs. */
  readonly unsigned: ReadonlySet<string>
  /** Keys of the rows that are reached through that TURN. */
  behind(turn: string): ReadonlySet<string>
  readonly unproven: Unproven
  /** What is passed on. */
  readonly words: Words
}

const NOBODY: ReadonlySet<string> = new Set()

/** For its owner, and the steps it is given. */
export class KeptTable implements IpTable {
  readonly #rows = new Map<string, Row>()
  readonly #holders = new Map<string, string>()
  readonly #behind = new Map<string, Set<string>>()
  readonly gone = new Map<string, Gone>()
  readonly mine = new Map<string, number>()
  removed: ReadonlyMap<string, string> = new Map()
  version = 0
  revision = 0
  aliveCount = 0
  untriedCount = 0
  offeringCount = 0
  readonly listed = new RankedRows()
  readonly #pages = new Pages(this.listed)
  readonly turns = new RankedRows()
  readonly peers = new PickedKeys()
  readonly suspects = new Set<string>()
  readonly told = new PickedKeys()
  readonly unlooked = new PickedKeys()
  readonly unsigned = new Set<string>()
  readonly unproven = new UnprovenRows()
  readonly words = new KeyRanges()
  get rows(): ReadonlyMap<string, Row> {
    return this.#rows
  }
  get holders(): ReadonlyMap<string, string> {
    return this.#holders
  }
  behind(turn: string): ReadonlySet<string> {
    return this.#behind.get(turn) ?? NOBODY
  }
  page(ask: PageAsk): Page {
    return this.#pages.page(ask)
  }
  /** The row that holds an address. */
  at(address: string): Row | null {
    return this.#rows.get(this.#holders.get(address) ?? '') ?? null
  }
  put(row: Row): void {
    const before = this.#rows.get(row.key) ?? null
    if (before !== null && before.record.address !== row.record.address) this.#vacate(before)
    this.#rows.set(row.key, row)
    const holder = this.#holders.get(row.record.address)
    // A proven row holds its address against one that is only heard of.
    if (holder === undefined || (holder !== row.key && isListed(row))) this.#holders.set(row.record.address, row.key)
    this.#follow(before, row)
  }
  delete(key: string): void {
    const row = this.#rows.get(key)
    if (row === undefined) return
    this.#rows.delete(key)
    this.#vacate(row)
    this.#follow(row, null)
  }
  /** Another table with the same in it, of which no change is one of this. */
  copy(): KeptTable {
    const copy = new KeptTable()
    for (const row of this.#rows.values()) copy.#rows.set(row.key, row)
    for (const [address, key] of this.#holders) copy.#holders.set(address, key)
    for (const row of this.#rows.values()) copy.#index(null, row)
    for (const [key, gone] of this.gone) copy.gone.set(key, gone)
    for (const [address, untilMs] of this.mine) copy.mine.set(address, untilMs)
    return Object.assign(copy, { removed: this.removed, version: this.version, revision: this.revision })
  }
  #vacate({ key, record: { address } }: Row): void {
    if (this.#holders.get(address) === key) this.#holders.delete(address)
  }
  #follow(before: Row | null, after: Row | null): void {
    this.revision++
    this.#index(before, after)
  }
  #index(before: Row | null, after: Row | null): void {
    const key = after?.key ?? before?.key ?? ''
    const isAlive = after?.state === 'alive'
    this.aliveCount += Number(isAlive) - Number(before?.state === 'alive')
    this.untriedCount += Number(isUntried(after)) - Number(isUntried(before))
    this.offeringCount += Number(isOffering(after)) - Number(isOffering(before))
    const [wasListed, isNowListed] = [when(before, isListed), when(after, isListed)]
    this.listed.replace(wasListed, isNowListed)
    this.#pages.replace(wasListed, isNowListed)
    this.turns.replace(when(before, isTurnCandidate), when(after, isTurnCandidate))
    this.peers.set(key, isAlive && after?.record.id !== null && after?.reachedBy.length === 0 && after?.told === undefined)
    setIn(this.suspects, key, after?.state === 'suspect')
    this.told.set(key, after?.told !== undefined)
    this.unlooked.set(key, after?.told !== undefined || after?.isUntimed === true)
    setIn(this.unsigned, key, after?.record.id === null)
    this.unproven.replace(before, after)
    this.words.replace(wordOf(before), wordOf(after))
    this.#followVia(key, before?.record.via ?? null, after?.record.via ?? null)
  }
  #followVia(key: string, before: string | null, after: string | null): void {
    if (before === after) return
    if (before !== null) {
      this.#behind.get(before)?.delete(key)
      if (this.#behind.get(before)?.size === 0) this.#behind.delete(before)
    }
    if (after !== null) this.#behind.set(after, (this.#behind.get(after) ?? new Set()).add(key))
  }
}

const when = (row: Row | null, holds: (row: Row) => boolean): Row | null => (row !== null && holds(row) ? row : null)
const wordOf = (row: Row | null): Word | null => (row !== null && isPassedOn(row) ? { key: row.key, seq: row.record.seq } : null)
const isOffering = (row: Row | null): boolean => row !== null && isListed(row) && row.record.offersTurn && row.record.via === null
const isUntried = (row: Row | null): boolean => row !== null && (row.state === 'unknown' || row.isUntimed === true) && row.strikes === 0

function setIn(keys: Set<string>, key: string, isIn: boolean): void {
  if (isIn) keys.add(key)
  else keys.delete(key)
}
