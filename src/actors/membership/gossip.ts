// What is learnt is passed on: new words are pushed to a few peers at once, and now and then tables are compared with a
// random peer, which finds what pushes missed. Only words that the other end lacks travel: tables are compared by digests
// over ranges of keys, and whoever lacks a word asks for it.
import { filter, merge, mergeMap, type Observable, race, Subject, throttle, timer } from 'rxjs'
import type { AddressPolicy } from '../../domain/address.ts'
import { type Allowance, type AllowanceLimits, fullAllowance, takeOne } from '../../domain/allowance.ts'
import { isCrowded } from '../../domain/crowded.ts'
import type { Row } from '../../domain/ip-table.ts'
import type { NetworkKind } from '../../domain/network-kind.ts'
import { differing } from '../../domain/table/differences.ts'
import type { Word } from '../../domain/table/key-ranges.ts'
import { GOSSIP_RESUME, GOSSIP_RESUME_FULL, OWN_WORD_FRESH } from '../../domain/timings.ts'
import type { Ports } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import { createOpener, type OwnWord } from '../../v2/envelope.ts'
import type { GossipMessage } from '../../v2/messages.ts'
import { createConversations, NOTHING, type Said, type Unfinished } from './conversations.ts'
import { createGossipIntake } from './gossip-intake.ts'
import { createGossipPace } from './gossip-pace.ts'
import { createKnownWords } from './known-words.ts'
import type { OwnRecord } from './own-record.ts'
import { createPartners } from './partners.ts'
import type { PeerCalls } from './peer-calls.ts'
import { RecentMap } from './recent-map.ts'
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

const COMPARISON_HOLDS = 5_000
/** So few new words are pushed as they are; more are offered, and whoever lacks them asks. */
const MOST_PUSHED = 3
/** How often one peer is asked again soon. Who always has something new, and more of it, is asked every half second after that. */
const RESUMES: AllowanceLimits = { burst: 16, perSecond: 2 }
const MOST_RESUMED = 256

export function createGossip(needs: GossipNeeds): Gossip {
  const { clock, random: chance, identity, calls, ipOf, keeper, own } = needs
  const random = chance.fork('gossip')
  const opener = createOpener(identity)
  const suspicions = new Subject<Suspicions>()
  const ownWords = new Subject<{ readonly word: OwnWord; readonly envelope: string }>()
  const unfinished = new Subject<Unfinished>()
  const resuming = new Set<string>()
  const resumes = new RecentMap<string, Allowance>(MOST_RESUMED)
  const onOwnWord = (word: OwnWord, envelope: string): void => ownWords.next({ word, envelope })
  const known = createKnownWords(needs)
  const intake = createGossipIntake({ ...needs, opener, onOwnWord })
  const pace = createGossipPace({ clock, random })
  const table = () => keeper.current()
  /** Of the conversations that this node has begun and that are under way, the last one with each address. */
  const talking = new Map<string, Promise<unknown>>()
  let expectsUnlike = true
  const isTalking = ({ record }: Row): boolean => talking.has(record.address)
  const partners = createPartners({
    table,
    random,
    self: own.id,
    isWarm: (row) => calls.isWarm(row.record.address),
    isTalking,
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
    isTalking,
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
    onUnfinished: (one) => unfinished.next(one),
  })
  const converse: typeof begin = (address, ...rest) => {
    const heard = begin(address, ...rest)
    talking.set(address, heard)
    return heard.finally(() => {
      if (talking.get(address) === heard) talking.delete(address)
    })
  }
  /** Where the last table differed the first message says more than that this one may. */
  const opening = (): Said => {
    const { words } = table()
    return { ...NOTHING, digest: words.digest, ...(expectsUnlike ? differing(words) : {}) }
  }
  const exchange = async (address: string, id: string | null): Promise<boolean> => {
    const heard = await converse(address, id, opening(), isFresh() || knows(id) === null)
    if (heard !== 'silent') expectsUnlike = heard === 'unlike'
    if (heard === 'unlike') pace.unlike()
    return heard !== 'silent'
  }

  const push = async ({ key, record: { address } }: Row, words: readonly Word[], isFirst: boolean): Promise<boolean> => {
    const isOwn = words.some((word) => word.key === own.id)
    const others = words.filter((word) => word.key !== own.id)
    const isWhole = isFirst && others.length <= MOST_PUSHED
    const said = isWhole ? { ...NOTHING, ...known.give(others.map((word) => word.key)) } : { ...NOTHING, offers: others }
    // One connection is kept to each peer: two conversations at once would make each other wait for a handshake.
    await talking.get(address)
    const isHeard = (await converse(address, key, said, isOwn)) !== 'silent'
    if (!isHeard) partners.failed(key)
    return isHeard
  }

  const spread = async (extra: Extra, toHowMany: number, and?: Row): Promise<void> => {
    const said: Said = Object.keys(extra).length === 0 ? opening() : { ...NOTHING, ...extra }
    const told = [...partners.any(toHowMany), ...(and ? [and] : [])]
    await Promise.all(told.map(({ key, record }) => converse(record.address, key, said, false)))
  }
  const tell = async (envelope: string, ids: readonly string[]): Promise<void> => {
    const rows = ids.flatMap((id) => table().rows.get(id) ?? []).filter(({ state }) => state !== 'unknown')
    await Promise.all(rows.map(({ key, record }) => converse(record.address, key, { ...NOTHING, records: [envelope] }, false)))
  }

  const compared = async (): Promise<void> => {
    pace.began()
    const row = partners.another()
    if (row && !(await exchange(row.record.address, row.key))) partners.failed(row.key)
    else if (row) pace.ended()
  }
  const heal$ = pace.beats$.pipe(
    // A slow peer holds up the next comparison for so long. One whose time came meanwhile begins as soon as the last is over.
    throttle(() => race(compared(), timer(COMPARISON_HOLDS, clockScheduler(clock))), { leading: true, trailing: true }),
  )
  /** Ms until it is asked again. */
  const resumeMs = ({ id, hasRoom }: Unfinished): number => {
    const { allowance, waitMs } = takeOne(resumes.get(id) ?? fullAllowance(RESUMES, clock.now()), RESUMES, clock.now())
    resumes.set(id, allowance)
    return Math.max(hasRoom ? GOSSIP_RESUME : GOSSIP_RESUME_FULL, waitMs)
  }
  const resumed$ = unfinished.pipe(
    filter(({ id }) => !resuming.has(id)),
    mergeMap((one) => {
      const { address, id } = one
      resuming.add(id)
      return timer(resumeMs(one), clockScheduler(clock)).pipe(
        mergeMap(() => {
          resuming.delete(id)
          return exchange(address, id)
        }),
      )
    }),
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
    runs$: merge(rumors.runs$, heal$, resumed$),
    suspicions$: suspicions.asObservable(),
    ownWords$: ownWords.asObservable(),
  }
}
