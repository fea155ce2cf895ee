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
import { RecentMap } from './recent-map.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface Conversations {
  /**
   * Says `first` to whoever is at the address, and answers its answers. `isTold`:
   * this node's own word goes with it.
   */
  begin(address: string, id: string | null, first: Said, isTold: boolean): Promise<Heard>
  /** The answer to a message that came. */
  answer(told: GossipMessage, sender: Sender): Promise<GossipMessage>
}

/**
 * What came back. `silent`: no answer, or it was this node itself. `saidMore`: the first answer brought or asked for something; else there
 * was nothing to learn or to give, though the digests may differ: a peer that has heard of a word, and waits for its proof, does not ask for it.
 */
export type Heard = 'silent' | 'answered' | 'saidMore'

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

/**
 * Up to so many words that the other end seems to lack are sent unasked; more are offered, since others may be sending it the same. Each is sent
 * once while that is remembered: who does not list a word may hold it all the same, and wait for its proof.
 */
const MOST_UNASKED = 3
const MOST_TOLD = 1_024
/** Messages to one peer in a row: a table of millions needs fewer. What is left of a longer conversation waits for the next one. */
const MOST_ROUNDS = 12

export function createConversations(needs: ConversationNeeds): Conversations {
  const { random, calls, ipOf, keeper, own, intake, known, onHeard, onDifference, onUnlike, onUnfinished } = needs
  const table = () => keeper.current()
  const knows = (id: string | null): number | null => (id === null ? null : (table().rows.get(id)?.record.seq ?? null))
  const message = (said: Said, to: string | null, isTold: boolean): GossipMessage => ({
    ...{ seq: own.seq(), knows: knows(to), from: isTold ? own.envelope() : null },
    ...said,
  })

  /** A word of that owner with a higher count than it says now, as after its clock was set back. It is sent back, and the owner counts on from there. */
  const laterWordOf = (id: string, seq: number): readonly string[] => {
    const { rows, gone } = table()
    const record = rows.get(id)?.record
    const [heard, word] = record ? [record.seq, record.envelope] : [gone.get(id)?.seq ?? 0, gone.get(id)?.word ?? null]
    return heard > seq && word !== null ? [word] : []
  }

  /** The counts of words that were sent or offered, by to whom and of whom. */
  const toldTo = new RecentMap<string, number>(MOST_TOLD)
  const wasTold = (to: string, { key, seq }: Word): boolean => (toldTo.get(`${to} ${key}`) ?? -1) >= seq

  /** Takes in what a message brings, and finds what there is to say to it. */
  const react = async (told: GossipMessage, sender: Sender): Promise<Reaction> => {
    const taken = await intake.take(told, sender)
    known.came(taken.told, taken.isLeftOver)
    onHeard(sender, told, [...taken.told, ...told.offers])
    const { words } = table()
    const answered: Answered = answerTo(words, told, known.judge, { room: intake.roomOf(sender), fraction: random.fraction() })
    const { wants, isCut } = answered
    known.asked(wants)
    // What was told it before it holds, or may not take in.
    const fresh = answered.offers.filter((word) => !wasTold(sender.id, word))
    if (told.lists.length > 0 && wants.length + fresh.length > 0) onDifference()
    const isUnlike = told.digest !== null && !isSame(told.digest, words.digest)
    if (isUnlike) onUnlike()
    const isWholeTold = [...told.ranges, ...told.lists].some(({ range }) => range === '')
    const first = isUnlike && !isWholeTold ? differing(words) : null
    const unasked = answered.offers.length <= MOST_UNASKED ? fresh.filter(({ key }) => key !== own.id) : []
    const wanted = told.wants.filter((key) => key !== own.id || told.knows === own.seq())
    for (const key of wanted) toldTo.set(`${sender.id} ${key}`, table().rows.get(key)?.record.seq ?? 0)
    for (const { key, seq } of fresh) toldTo.set(`${sender.id} ${key}`, seq)
    const { records, unsigned } = known.give([...wanted, ...unasked.map(({ key }) => key)])
    return {
      said: {
        ...NOTHING,
        ranges: [...answered.ranges, ...(first?.ranges ?? [])],
        lists: [...answered.lists, ...(first?.lists ?? [])],
        offers: answered.offers.filter((word) => !unasked.includes(word)),
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
    let heard: Heard = 'silent'
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const answer = await calls.gossip(address, message(said, to, tells))
      if (isFailure(answer)) {
        known.missed(wants)
        return heard
      }
      const { by, message: told } = answer
      if (by === own.id) return 'silent'
      // Who is listed by others' word has answered here itself.
      if (table().told.has(by)) keeper.apply((current, wallMs) => recordMet(current, by, address, wallMs))
      to = by
      const reaction = await react(told, { id: by, seenAt: ipOf(address), askedAt: address })
      if (round === 0) heard = hasTableParts(told) ? 'saidMore' : 'answered'
      said = reaction.said
      wants = reaction.wants
      isNews ||= reaction.isNews
      isCut ||= reaction.isCut
      tells = !hasTold && told.knows !== own.seq()
      hasTold ||= tells
      if (!tells && !hasTableParts(said)) break
    }
    if (isCut && isNews && to !== null)
      onUnfinished({ address, id: to, hasRoom: intake.roomOf({ id: to, seenAt: ipOf(address), askedAt: address }) > 0 })
    return heard
  }

  return {
    begin,
    answer: async (told, sender) => {
      const { said } = await react(told, sender)
      return message(said, sender.id, told.knows !== own.seq())
    },
  }
}

/** Something beside a digest, doubts and deaths. */
const hasTableParts = ({ ranges, lists, offers, wants, records, unsigned }: Said): boolean =>
  [ranges, lists, offers, wants, records, unsigned].some((part) => part.length > 0)
