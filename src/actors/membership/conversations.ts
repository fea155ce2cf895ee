// One conversation with a peer about what the two tables differ in: each message answers the one before, until there is nothing to say.
import { recordMet } from '../../domain/ip-table.ts'
import { type Answered, answerTo, differing } from '../../domain/table/differences.ts'
import { isSame, type Word } from '../../domain/table/key-ranges.ts'
import { isFailure, type Random } from '../../ports.ts'
import type { GossipMessage } from '../../v2/messages.ts'
import type { GossipIntake, Sender } from './gossip-intake.ts'
import type { KnownWords } from './known-words.ts'
import type { OwnRecord } from './own-record.ts'
import type { PeerCalls } from './peer-calls.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface Conversations {
  /**
   * Says `first` to whoever is at the address, and answers its answers. `isTold`:
   * this node's own word goes with it. True when it answered.
   */
  begin(address: string, id: string | null, first: Said, isTold: boolean): Promise<boolean>
  /** The answer to a message that came. */
  answer(told: GossipMessage, sender: Sender): Promise<GossipMessage>
}

interface ConversationNeeds {
  readonly random: Random
  readonly calls: Pick<PeerCalls, 'gossip'>
  readonly ipOf: (address: string) => string | null
  readonly keeper: TableKeeper
  readonly own: OwnRecord
  readonly intake: GossipIntake
  readonly known: KnownWords
  /** A message came. */
  readonly onHeard: (sender: Sender, told: GossipMessage, words: readonly Word[]) => void
  /** Words were missing here or there. */
  readonly onDifference: () => void
  /** The digests of the two tables differ. */
  readonly onUnlike: () => void
  /** A peer has more than one conversation holds, and what came was news. `hasRoom`: there is room for more of it by now. */
  readonly onUnfinished: (unfinished: Unfinished) => void
}

export interface Unfinished {
  readonly address: string
  readonly id: string
  readonly hasRoom: boolean
}

/** What a message says beside who says it. */
export type Said = Omit<GossipMessage, 'seq' | 'knows' | 'from'>

export const NOTHING: Said = {
  digest: null,
  ranges: [],
  lists: [],
  offers: [],
  wants: [],
  records: [],
  unsigned: [],
  doubts: [],
  deaths: [],
}

interface Reaction {
  readonly said: Said
  /** The words that are asked for in it. */
  readonly wants: readonly Word[]
  /** What was told has changed the table. */
  readonly isNews: boolean
  /** More differs than there was room for. */
  readonly isCut: boolean
}

/** Messages to one peer in a row: a table of millions is compared in fewer, and the rest of a long one waits for the next time. */
const MOST_ROUNDS = 12
export function createConversations(needs: ConversationNeeds): Conversations {
  const { random, calls, ipOf, keeper, own, intake, known, onHeard, onDifference, onUnlike, onUnfinished } = needs
  const table = () => keeper.current()
  const knows = (id: string | null): number | null => (id === null ? null : (table().rows.get(id)?.record.seq ?? null))
  const message = (said: Said, to: string | null, isTold: boolean): GossipMessage => ({
    ...{ seq: own.seq(), knows: knows(to), from: isTold ? own.envelope() : null },
    ...said,
  })

  /** What its owner has said before and counted higher, as with a clock that was set back: told so, it counts on from there. */
  const laterWordOf = (id: string, seq: number): readonly string[] => {
    const { rows, gone } = table()
    const record = rows.get(id)?.record
    const [heard, word] = record ? [record.seq, record.envelope] : [gone.get(id)?.seq ?? 0, gone.get(id)?.word ?? null]
    return heard > seq && word !== null ? [word] : []
  }

  /** Takes in what a message brings, and finds what there is to say to it. */
  const react = async (told: GossipMessage, sender: Sender): Promise<Reaction> => {
    const taken = await intake.take(told, sender)
    known.came(taken.told, taken.isLeftOver)
    onHeard(sender, told, [...taken.told, ...told.offers])
    const { words } = table()
    const answered: Answered = answerTo(words, told, known.judge, { room: intake.roomOf(sender), fraction: random.fraction() })
    const { wants, isCut } = answered
    known.asked(wants)
    if (told.lists.length > 0 && wants.length + answered.offers.length > 0) onDifference()
    const first = told.digest !== null && !isSame(told.digest, words.digest) ? differing(words) : null
    if (first !== null) onUnlike()
    const { records, unsigned } = known.give(told.wants.filter((key) => key !== own.id || told.knows === own.seq()))
    return {
      said: {
        ...NOTHING,
        ranges: [...answered.ranges, ...(first?.ranges ?? [])],
        lists: [...answered.lists, ...(first?.lists ?? [])],
        offers: answered.offers,
        wants: wants.map(({ key }) => key),
        records: [...laterWordOf(sender.id, told.seq), ...records],
        unsigned,
      },
      ...{ wants, isNews: taken.changes.length > 0, isCut: isCut || taken.isLeftOver },
    }
  }

  const begin: Conversations['begin'] = async (address, id, first, isTold) => {
    let said = first
    let wants: readonly Word[] = []
    let [tells, hasTold] = [isTold, isTold || first.records.includes(own.envelope())]
    let [isNews, isCut] = [false, false]
    let to = id
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const answer = await calls.gossip(address, message(said, to, tells))
      if (isFailure(answer)) {
        known.missed(wants)
        return round > 0
      }
      const { by, message: told } = answer
      if (by === own.id) return false
      // Who is listed by others' word has answered here itself.
      if (table().told.has(by)) keeper.apply((current, wallMs) => recordMet(current, by, address, wallMs))
      to = by
      const reaction = await react(told, { id: by, seenAt: ipOf(address), askedAt: address })
      said = reaction.said
      wants = reaction.wants
      isNews ||= reaction.isNews
      isCut ||= reaction.isCut
      tells = !hasTold && told.knows !== own.seq()
      hasTold ||= tells
      if (!tells && isEmpty(said)) break
    }
    if (isCut && isNews && to !== null)
      onUnfinished({ address, id: to, hasRoom: intake.roomOf({ id: to, seenAt: ipOf(address), askedAt: address }) > 0 })
    return true
  }

  return {
    begin,
    answer: async (told, sender) => {
      const { said } = await react(told, sender)
      return message(said, sender.id, told.knows !== own.seq())
    },
  }
}

const isEmpty = ({ ranges, lists, offers, wants, records, unsigned }: Said): boolean =>
  [ranges, lists, offers, wants, records, unsigned].every((part) => part.length === 0)
