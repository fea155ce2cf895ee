// With whom this node gossips: a few, drawn by chance, who stay so for a while. Each costs a connection; everybody's few together join all.
// While it has reached few of many, those are the ones whom all others have reached too, such as the seeds. Then some that are listed by others' word take part.
import type { IpTable, Row } from '../../domain/ip-table.ts'
import { following } from '../../domain/table/following.ts'
import { WATCHED_WHOLE } from '../../domain/timings.ts'
import type { Random } from '../../ports.ts'
import { RecentMap } from './recent-map.ts'

export interface Partners {
  /** So many of them at the most, by chance. */
  any(count: number): readonly Row[]
  /** On a crowded machine those to whom a connection stands, if there are any. `isAgain`: those who come next by id first, in a table of more than a dozen. */
  some(count: number, isAgain: boolean): readonly Row[]
  /** One of all peers, who takes a place among them. On a crowded machine one to whom a connection stands, who takes none. */
  another(): Row | null
  /** It did not answer. */
  failed(key: string): void
}

/** Twice what one word is pushed to, and more than ln of any network's size: nobody is cut off from the others by chance. */
const MOST = 12
/** Of these: who comes next by id. So everybody is a partner of some, and hears what is new at once: of partners drawn by chance alone some nodes would be nobody's. */
const FOLLOWING = 2
/** Listed by others' word, and did not answer: left to their look. */
const MOST_FAILED = 64
/** Peers among which a warm one is looked for. */
const MOST_LOOKED_AT = 64

interface PartnersNeeds {
  readonly table: () => IpTable
  readonly random: Random
  readonly self: string
  /** A connection to it stands. */
  readonly isWarm: (row: Row) => boolean
  /** This node has begun a conversation with it that is not over. */
  readonly isSpokenTo: (row: Row) => boolean
  /** It makes no new connections to gossip then, as long as it has one. */
  readonly isCrowded: () => boolean
}

export function createPartners({ table, random, self, isWarm, isSpokenTo, isCrowded }: PartnersNeeds): Partners {
  const fraction = (): number => random.fraction()
  /** Who came the longest ago stands first. */
  const keys = new Set<string>()
  const failed = new RecentMap<string, true>(MOST_FAILED)
  /** Of these, those who come next by id. */
  let next: readonly string[] = []
  /** One of them did not answer since somebody was drawn to compare with. */
  let hasToldFailed = false
  /** In a small table all are looked at in the first seconds. */
  const isFew = (): boolean => table().rows.size > WATCHED_WHOLE && table().peers.size - Number(table().peers.has(self)) < MOST
  /** Of those that are listed by others' word. */
  const drawnOfTold = (count: number): readonly string[] =>
    isCrowded() || !isFew()
      ? []
      : table()
          .told.draw(count, fraction)
          .filter((key) => mayBeTried(table().rows.get(key)))
  const mayBeTried = (row: Row | undefined): boolean =>
    row !== undefined && row.state === 'alive' && row.strikes === 0 && failed.get(row.key) === undefined
  const add = (some: readonly string[]): void => {
    for (const key of some) if (keys.size < MOST) keys.add(key)
  }
  const take = (key: string): void => {
    const oldest = [...keys].find((one) => !next.includes(one))
    if (keys.size >= MOST && oldest !== undefined) keys.delete(oldest)
    keys.add(key)
  }
  const fill = (): void => {
    const { peers } = table()
    for (const key of [...keys]) if (!peers.has(key) && !mayBeTried(table().rows.get(key))) keys.delete(key)
    const before = next
    next = isCrowded() ? [] : following(table().words, self, FOLLOWING, (key) => peers.has(key) || mayBeTried(table().rows.get(key)))
    for (const key of before) if (!next.includes(key)) keys.delete(key)
    for (const key of next) if (!keys.has(key)) take(key)
    if (keys.size < MOST) add(peers.draw(2 * MOST, fraction, self))
    if (keys.size < MOST) add(drawnOfTold(MOST - keys.size))
  }
  const rowsOf = (some: readonly string[]): readonly Row[] => some.flatMap((key) => table().rows.get(key) ?? [])
  const warmOnes = (count: number): readonly Row[] =>
    rowsOf(table().peers.draw(MOST_LOOKED_AT, fraction, self))
      .filter(isWarm)
      .slice(0, count)
  const any = (count: number, isAgain = false): readonly Row[] => {
    const { peers, told } = table()
    if (peers.size <= MOST && (told.size === 0 || !isFew())) return rowsOf(peers.draw(count, fraction, self))
    fill()
    const sure = isAgain ? next : []
    const all = [...keys].filter((key) => !sure.includes(key))
    const first = Math.floor(fraction() * all.length)
    return rowsOf([...sure, ...all.slice(first), ...all.slice(0, first)].slice(0, count))
  }
  return {
    any: (count) => any(count),
    some: (count, isAgain) => {
      const warm = isCrowded() ? warmOnes(count) : []
      return warm.length > 0 ? warm : any(count, isAgain)
    },
    another: () => {
      const [warm] = isCrowded() ? warmOnes(1) : []
      if (warm !== undefined) return warm
      // Where many of those do not answer, every other one is still somebody that this node has reached.
      const [others, reached] = [drawnOfTold(2), table().peers.draw(2, fraction, self)]
      const drawn = rowsOf(hasToldFailed ? [...reached, ...others] : [...others, ...reached])
      const row = drawn.find((one) => !isSpokenTo(one)) ?? drawn[0] ?? null
      hasToldFailed = false
      if (row !== null && !keys.has(row.key)) take(row.key)
      return row
    },
    failed: (key) => {
      keys.delete(key)
      if (!table().told.has(key)) return
      failed.set(key, true)
      hasToldFailed = true
    },
  }
}
