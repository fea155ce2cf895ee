// What this node makes of words that peers have, and what it gives of its own.
import { isBusy } from '../../domain/crowded.ts'
import type { NetworkKind } from '../../domain/network-kind.ts'
import type { Judgement } from '../../domain/table/differences.ts'
import type { Word } from '../../domain/table/key-ranges.ts'
import { type Gone, isPassedOn } from '../../domain/table/row.ts'
import { isOutdated } from '../../domain/table/row-rules.ts'
import { GONE_FOR, GOSSIP_LATE, GOSSIP_TIMEOUT } from '../../domain/timings.ts'
import type { Clock } from '../../ports.ts'
import { type GossipMessage, MAX_GOSSIP_BYTES } from '../../v2/messages.ts'
import type { OwnRecord } from './own-record.ts'
import { RecentMap } from './recent-map.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface KnownWords {
  judge(word: Word): Judgement
  /** These were asked for: nobody else is asked for them until they came, or too long did not. */
  asked(words: readonly Word[]): void
  /** Who was asked for them did not answer. */
  missed(words: readonly Word[]): void
  /** These came. What is not in the table now is not asked for again for `GONE_FOR`. `isLeftOver`: for want of room, so it may be. */
  came(words: readonly Word[], isLeftOver: boolean): void
  /**
   * What a message holds of these: a larger one would be refused whole. An envelope's
   * characters may be of several bytes, or escaped once more.
   */
  give(keys: Iterable<string>): Pick<GossipMessage, 'records' | 'unsigned'>
}

/** Words remembered as asked for, or as not taken in. */
const MOST_ASKED = 2_048
/** Leaves room for what else a message holds. */
const MAX_PAGE_BYTES = MAX_GOSSIP_BYTES * 0.75

interface Asked {
  readonly seq: number
  readonly untilMs: number
}

interface WordNeeds {
  readonly clock: Clock
  readonly keeper: TableKeeper
  readonly own: Pick<OwnRecord, 'id' | 'seq' | 'address'>
  readonly networkKind: NetworkKind
}

export function createKnownWords({ clock, keeper, own, networkKind }: WordNeeds): KnownWords {
  const asked = new RecentMap<string, Asked>(MOST_ASKED)
  const isAsked = ({ key, seq }: Word): boolean => {
    const one = asked.get(key)
    return one !== undefined && seq <= one.seq && clock.now() < one.untilMs
  }
  const wanted = (word: Word, as: 'new' | 'later'): Judgement => (isAsked(word) ? 'held' : as)
  const judge = (word: Word): Judgement => {
    const { rows, gone, removed, holders, mine } = keeper.current()
    const { key, seq } = word
    if (removed.size > 0 && removed.has(key)) return 'held'
    if (key === own.id && seq > own.seq()) return wanted(word, 'later')
    const row = rows.get(key)
    if (row !== undefined) {
      if (seq > row.record.seq) return wanted(word, 'later')
      return seq < row.record.seq && isPassedOn(row) ? { key, seq: row.record.seq } : 'held'
    }
    if (key === own.id) return 'held'
    const left = gone.get(key)
    if (left !== undefined && isOutdated(word, left, clock.wallMs(), 'hearsay'))
      return isFarewell(left) && left.seq > seq ? { key, seq: left.seq } : 'held'
    if (
      key.includes(':') &&
      (networkKind.type === 'private' || holders.has(key) || (mine.get(key) ?? 0) > clock.wallMs() || key === own.address())
    )
      return 'held'
    return wanted(word, 'new')
  }
  /** Null: there is none that may be passed on. */
  const wordOf = (key: string): Pick<GossipMessage, 'records' | 'unsigned'> | null => {
    const { rows, gone } = keeper.current()
    const row = rows.get(key)
    if (row !== undefined && isPassedOn(row)) {
      const { envelope, address, name } = row.record
      return envelope === null ? { records: [], unsigned: [{ address, name }] } : { records: [envelope], unsigned: [] }
    }
    const left = row === undefined ? gone.get(key) : undefined
    return left !== undefined && left.word !== null && isFarewell(left) ? { records: [left.word], unsigned: [] } : null
  }

  return {
    judge,
    asked: (words) => {
      // Where this process waits for a processor itself others are as late.
      const untilMs = clock.now() + (isBusy(clock) ? GOSSIP_TIMEOUT : GOSSIP_LATE)
      for (const { key, seq } of words) asked.set(key, { seq, untilMs })
    },
    missed: (words) => {
      for (const { key } of words) asked.delete(key)
    },
    came: (words, isLeftOver) => {
      for (const { key, seq } of words) {
        asked.delete(key)
        if (isLeftOver || judge({ key, seq }) === 'held') continue
        asked.set(key, { seq, untilMs: clock.now() + GONE_FOR })
      }
    },
    give: (keys) => {
      const records: string[] = []
      const unsigned: { readonly address: string; readonly name: string }[] = []
      let bytes = 0
      for (const key of keys) {
        const word = wordOf(key)
        if (word === null) continue
        bytes += Buffer.byteLength(JSON.stringify([...word.records, ...word.unsigned]))
        if (records.length + unsigned.length > 0 && bytes > MAX_PAGE_BYTES) break
        records.push(...word.records)
        unsigned.push(...word.unsigned)
      }
      return { records, unsigned }
    },
  }
}

/** Its owner's last word is its goodbye: that is passed on, so that nobody looks for it. */
const isFarewell = ({ why }: Gone): boolean => why === 'it said goodbye'
