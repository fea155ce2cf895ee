// Opens the envelopes that a message brings, in slices, so that nobody else waits long for a turn: a signature costs a fifth of a
// millisecond. What is no news, or what there is no room for, is told from its text alone.
import type { IpTable } from '../../domain/ip-table.ts'
import { OFFLINE_FOR } from '../../domain/timings.ts'
import type { Clock } from '../../ports.ts'
import { claimOf, type Opener, type OwnWord } from '../../v2/envelope.ts'

export interface Opened {
  readonly words: readonly { readonly word: OwnWord; readonly envelope: string }[]
  /** Some were left out for want of room: their source has told of enough for now. */
  readonly leftOut: boolean
}

export interface RecordIntake {
  /** One message after another. `source`: whose share of unproven rows they count in; null: nobody's. */
  open(envelopes: readonly string[], source: string | null): Promise<Opened>
}

interface IntakeNeeds {
  readonly clock: Clock
  readonly opener: Opener
  readonly table: () => IpTable
  /** This node's own word, of which a later one is news. */
  readonly own: { readonly id: string; seq(): number }
}

/** A slice's cost in what one envelope costs that is told from its text: 32 signatures, or so many of those. Some 7 ms. */
const SLICE = 256
const SIGNATURE = 8
/** Messages that wait for their turn. More are answered, and what they bring is left out. */
const MOST_WAITING = 16

export function createRecordIntake({ clock, opener, table, own }: IntakeNeeds): RecordIntake {
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0
  let spent = 0

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      clock.setTimeout(resolve, 0)
    })
  const isNews = (id: string, seq: number): boolean => {
    if (id === own.id) return seq >= own.seq()
    const { rows, gone } = table()
    const [row, left] = [rows.get(id), gone.get(id)]
    if (row) return seq > row.record.seq
    return !left || seq >= left.seq || clock.wallMs() - left.atMs >= OFFLINE_FOR
  }
  const openAll = async (envelopes: readonly string[], source: string | null): Promise<Opened> => {
    const words: { word: OwnWord; envelope: string }[] = []
    let room = table().unproven.roomOf(source)
    let leftOut = false
    for (const envelope of envelopes) {
      if (spent >= SLICE) {
        await pause()
        spent = 0
      }
      spent++
      const claim = claimOf(envelope)
      if (!claim || !isNews(claim.id, claim.seq)) continue
      const isNew = claim.id !== own.id && !table().rows.has(claim.id)
      if (isNew && room <= 0) {
        leftOut = true
        continue
      }
      if (!opener.remembers(envelope)) spent += SIGNATURE
      const word = opener(envelope)
      if (!word) continue
      if (isNew) room--
      words.push({ word, envelope })
    }
    return { words, leftOut }
  }

  return {
    open: async (envelopes, source) => {
      if (waiting >= MOST_WAITING) return { words: [], leftOut: envelopes.length > 0 }
      waiting++
      const opened = last.then(() => openAll(envelopes, source)).finally(() => waiting--)
      last = opened.catch(() => {})
      return opened
    },
  }
}
