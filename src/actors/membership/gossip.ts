// What is learnt is passed on: new words are pushed to a few peers at once, and now and then tables are compared with a
// random peer, which finds what pushes missed. Tables are compared by digests over ranges of keys. Up to three words that the other end
// seems to lack are sent unasked; more are offered, and it asks for those that it wants.
import { EMPTY, exhaustMap, expand, merge, type Observable, race, Subject, tap, timer } from 'rxjs'
import type { AddressPolicy } from '../../domain/address.ts'
import { isCrowded } from '../../domain/crowded.ts'
import type { Row } from '../../domain/ip-table.ts'
import type { NetworkKind } from '../../domain/network-kind.ts'
import { differing } from '../../domain/table/differences.ts'
import type { Word } from '../../domain/table/key-ranges.ts'
import { OWN_WORD_FRESH } from '../../domain/timings.ts'
import type { Ports } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import { createOpener, type OwnWord } from '../../v2/envelope.ts'
import type { GossipMessage } from '../../v2/messages.ts'
import { createBegunConversations } from './begun-conversations.ts'
import { createConversations, NOTHING, type Said } from './conversations.ts'
import { createGossipIntake } from './gossip-intake.ts'
import { createGossipPace } from './gossip-pace.ts'
import { createGossipResumes } from './gossip-resumes.ts'
import { createKnownWords } from './known-words.ts'
import type { OwnRecord } from './own-record.ts'
import { createPartners } from './partners.ts'
import type { PeerCalls } from './peer-calls.ts'
import { createRumors } from './rumors.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface Gossip {
  /** Compares tables with whoever is at the address; true when it answered. */
  exchange(address: string, id: string | null): Promise<boolean>
  /**
   * The answer to a message of the node with the id `by`; null: its word does not hold.
   * `seenAt`: its IP address, null where that says nothing.
   */
  answer(message: GossipMessage, by: string, seenAt: string | null): Promise<GossipMessage | null>
  /**
   * Tells a few peers something at once: a doubt, a death, a farewell. With
   * an empty `extra` it compares tables with them. `and`: one more who is told, even if it is silent.
   */
  spread(extra: Extra, toHowMany: number, and?: Row): Promise<void>
  /** Tells those who are alive of these ids a signed word at once. */
  tell(envelope: string, ids: readonly string[]): Promise<void>
  /** Runs while subscribed. */
  readonly runs$: Observable<unknown>
  /** What peers say of rows that are silent. `from`: the id of who said it. */
  readonly suspicions$: Observable<Suspicions>
  /** Genuine words with this node's own id that others tell. */
  readonly ownWords$: Observable<{ readonly word: OwnWord; readonly envelope: string }>
}

export interface Suspicions extends Pick<GossipMessage, 'doubts' | 'deaths'> {
  readonly from: string
}

type Extra = Partial<Pick<GossipMessage, 'doubts' | 'deaths' | 'records'>>

interface GossipNeeds extends Pick<Ports, 'clock' | 'random' | 'identity'> {
  readonly calls: Pick<PeerCalls, 'gossip' | 'isWarm'>
  readonly ipOf: (address: string) => string | null
  readonly ownHosts: () => readonly string[]
  readonly keeper: TableKeeper
  readonly own: OwnRecord
  readonly policy: AddressPolicy
  readonly networkKind: NetworkKind
}

/** A slow peer holds up the next comparison for so long. */
const COMPARISON_HOLDS_MS = 5_000
/** So few new words are pushed as they are; more are offered, and whoever lacks them asks. */
const MOST_PUSHED = 3

export function createGossip(needs: GossipNeeds): Gossip {
  const { clock, random: chance, identity, calls, ipOf, keeper, own } = needs
  const random = chance.fork('gossip')
  const opener = createOpener(identity)
  const suspicions = new Subject<Suspicions>()
  const ownWords = new Subject<{ readonly word: OwnWord; readonly envelope: string }>()
  const onOwnWord = (word: OwnWord, envelope: string): void => ownWords.next({ word, envelope })
  const known = createKnownWords(needs)
  const intake = createGossipIntake({ ...needs, opener, onOwnWord })
  const pace = createGossipPace({ clock, random })
  const table = () => keeper.current()
  let lastDiffered = true
  const isSpokenTo = (row: Row): boolean => conversations.isSpokenTo(row)
  const partners = createPartners({
    table,
    random,
    self: own.id,
    isWarm: (row) => calls.isWarm(row.record.address),
    isSpokenTo,
    isCrowded: () => isCrowded(clock),
  })
  /** Counts begin with the wall time. */
  const isFresh = (): boolean => clock.wallMs() - own.seq() < OWN_WORD_FRESH
  const knows = (id: string | null): number | null => (id === null ? null : (table().rows.get(id)?.record.seq ?? null))
  const rumors = createRumors({
    clock,
    keeper,
    self: own.id,
    someone: partners.some,
    isSpokenTo,
    push: (to, words, isFirst) => push(to, words, isFirst),
  })
  const { begin, answer } = createConversations({
    ...{ random, calls, ipOf, keeper, own, intake, known },
    onHeard: ({ id: from }, { doubts, deaths }, words) => {
      rumors.heldBy(from, words)
      if (doubts.length + deaths.length > 0) suspicions.next({ from, doubts, deaths })
    },
    onDifference: pace.differed,
    onUnlike: pace.unlike,
    onUnfinished: (one) => resumes.add(one),
  })
  const conversations = createBegunConversations(clock, begin)
  /** After a comparison that found a difference the first message of the next one, with whomever, says where: that saves a round trip. */
  const opening = (): Said => {
    const { words } = table()
    return { ...NOTHING, digest: words.digest, ...(lastDiffered ? differing(words) : {}) }
  }
  const exchange = async (address: string, id: string | null): Promise<boolean> => {
    const heard = await conversations.beginAlone(address, id, opening, isFresh() || knows(id) === null)
    if (heard !== 'silent') lastDiffered = heard === 'saidMore'
    if (heard === 'saidMore') pace.unlike()
    return heard !== 'silent'
  }
  const resumes = createGossipResumes(clock, exchange)

  const push = async ({ key, record: { address } }: Row, words: readonly Word[], isFirst: boolean): Promise<boolean> => {
    const isOwn = words.some((word) => word.key === own.id)
    const others = words.filter((word) => word.key !== own.id)
    const isWhole = isFirst && others.length <= MOST_PUSHED
    const said = (): Said => (isWhole ? { ...NOTHING, ...known.give(others.map((word) => word.key)) } : { ...NOTHING, offers: others })
    const isHeard = (await conversations.beginAlone(address, key, said, isOwn)) !== 'silent'
    if (!isHeard) partners.failed(key)
    return isHeard
  }

  const spread = async (extra: Extra, toHowMany: number, and?: Row): Promise<void> => {
    const said: Said = Object.keys(extra).length === 0 ? opening() : { ...NOTHING, ...extra }
    const told = [...partners.any(toHowMany), ...(and ? [and] : [])]
    await Promise.all(told.map(({ key, record }) => conversations.begin(record.address, key, said, false)))
  }
  const tell = async (envelope: string, ids: readonly string[]): Promise<void> => {
    const rows = ids.flatMap((id) => table().rows.get(id) ?? []).filter(({ state }) => state !== 'unknown')
    await Promise.all(rows.map(({ key, record }) => conversations.begin(record.address, key, { ...NOTHING, records: [envelope] }, false)))
  }

  const compared = async (): Promise<void> => {
    pace.began()
    const row = partners.another()
    if (row && !(await exchange(row.record.address, row.key))) partners.failed(row.key)
    else if (row) pace.ended()
  }
  /** A beat has come since the last comparison began. */
  let isDue = false
  const comparison = (): Observable<unknown> => {
    isDue = false
    return race(compared(), timer(COMPARISON_HOLDS_MS, clockScheduler(clock)))
  }
  const heal$ = pace.beats$.pipe(
    tap(() => {
      isDue = true
    }),
    // One whose time came while another ran is made right after that, but on a crowded machine.
    exhaustMap(() => comparison().pipe(expand(() => (isDue && !isCrowded(clock) ? comparison() : EMPTY)))),
  )
  return {
    exchange,
    answer: async (told, by, seenAt) => {
      // Held word for word, it was looked at before.
      const isHeld = told.from === null || table().rows.get(by)?.record.envelope === told.from
      const word = isHeld ? null : opener(told.from)
      if (!isHeld && word?.id !== by) return null
      if (by === own.id) {
        if (word !== null && told.from !== null) onOwnWord(word, told.from)
        return null
      }
      return answer(told, { id: by, seenAt, askedAt: null })
    },
    spread,
    tell,
    runs$: merge(rumors.runs$, heal$, resumes.runs$),
    suspicions$: suspicions.asObservable(),
    ownWords$: ownWords.asObservable(),
  }
}
