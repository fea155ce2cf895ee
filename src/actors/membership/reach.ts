// How this node is reached is learnt, not told: a peer says at which address it sees us and connects back to it. The proof is
// renewed for as long as the node lives, and at once when this machine's own addresses change.
import { EMPTY, filter, merge, mergeMap, type Observable, Subject, tap } from 'rxjs'
import { createActor, type InspectionEvent } from 'xstate'
import { type AddressPolicy, addressOf, isAllowed, parseAddress } from '../../domain/address.ts'
import { isBusy } from '../../domain/crowded.ts'
import { type Change, isProven, type Row, recordMet } from '../../domain/ip-table.ts'
import type { ReachFinding } from '../../domain/netcheck.ts'
import { isBelieved, networkOf, type Votes, withVote } from '../../domain/reach-votes.ts'
import {
  ASKED_AGAIN,
  ASKED_AT_ONCE,
  ASKED_AT_ONCE_MOVED,
  ASKED_LATE,
  ASKED_LATE_MOVED,
  ASKED_MOST,
  ASKED_MOST_MOVED,
  MOVED_HASTE,
  REACH_PERIOD,
  REACH_PERIOD_UNKNOWN,
} from '../../domain/timings.ts'
import { isVouchFresh } from '../../domain/vouches.ts'
import { MISSES_TO_FALL, reachMachine, silencesToFall, type Verdict } from '../../machines/reach-machine.ts'
import type { Ports } from '../../ports.ts'
import { jitteredInterval } from '../../streams/jittered-interval.ts'
import type { HelloAsk } from '../../v2/messages.ts'
import type { AddressChange, AddressWatch } from './address-watch.ts'
import type { Company } from './company.ts'
import type { OwnRecord } from './own-record.ts'
import type { Met, PeerCalls } from './peer-calls.ts'
import { createReachFindings } from './reach-findings.ts'
import { createSecondVouch } from './second-vouch.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface Reach {
  /** What to say in a hello. */
  ask(): Pick<HelloAsk, 'port' | 'advertise'>
  /** One peer's finding. */
  found(met: Met): void
  /** A P2PRC peer keeps our row, so it has reached us there. */
  provenAt(address: string, by: string): void
  /** Somebody reached us by this address: worth trying when we do not know our own, and a sign that the proven one works. */
  arrivedAt(address: string): void
  verdict(): Verdict
  /** What each peer has said last of how it sees this node. */
  findings(): readonly ReachFinding[]
  /** Each verdict that differs from the one before, and each renewed proof. */
  readonly verdicts$: Observable<Verdict>
  /** Asks peers to connect back, while subscribed. */
  readonly runs$: Observable<unknown>
  start(): void
  stop(): void
}

interface ReachNeeds extends Pick<Ports, 'clock' | 'random'> {
  readonly watch: Pick<AddressWatch, 'changes$'>
  readonly http: Pick<Ports['http'], 'dropWarm'>
  readonly calls: Pick<PeerCalls, 'hello' | 'isWarm' | 'forgetWarm'>
  readonly keeper: TableKeeper
  readonly own: OwnRecord
  readonly company: Pick<Company, 'slowness'>
  readonly listens: boolean
  readonly policy: AddressPolicy
  readonly inspect: (event: InspectionEvent) => void
  readonly onBug: (error: unknown) => void
}

/** Of more peers so many are looked at, by chance. */
const MOST_ASKABLE = 256

export function createReach(needs: ReachNeeds): Reach {
  const { clock, random, http, calls, keeper, own } = needs
  const draws = random.fork('reach')
  const verdicts = new Subject<Verdict>()
  const actor = createActor(reachMachine, {
    clock: { setTimeout: (run, ms) => clock.setTimeout(run, ms), clearTimeout: (timer) => clock.clearTimeout(timer) },
    inspect: needs.inspect,
    input: { listens: needs.listens },
  })
  const verdictOf = (snapshot: ReturnType<typeof actor.getSnapshot>): Verdict => {
    if (snapshot.matches('refused') || snapshot.matches('listeningNowhere')) return { type: 'refused' }
    return snapshot.context.proof ?? { type: 'unknown' }
  }
  let told: Verdict = verdictOf(actor.getSnapshot())
  /** An address by which somebody reached this node. */
  let heard: string | null = null
  /** Since when each is waited for. */
  const asked = new Map<string, number>()
  /** When the address that was proven went; null: enough have vouched for another since. */
  let movedMs: number | null = null
  let isOver = false
  const findings = createReachFindings(clock)

  actor.subscribe((snapshot) => {
    const next = verdictOf(snapshot)
    const isSame = next.type === told.type && (next.type !== 'proven' || next === told)
    told = next
    if (!isSame) verdicts.next(next)
  })

  const ask: Reach['ask'] = () => ({
    port: own.listenPort(),
    // What one peer has found others are asked to try: those that are reached through a tunnel can't see where this node is.
    advertise: own.advertised() ?? (told.type === 'proven' ? told.address : (heard ?? lastVote())),
  })
  const askable = (): readonly Row[] => {
    const { peers, rows } = keeper.current()
    return peers.some(MOST_ASKABLE, () => draws.fraction()).flatMap((key) => (key === own.id ? [] : (rows.get(key) ?? [])))
  }
  let votes: Votes = new Map()
  const lastVote = (): string | null => [...votes.values()].at(-1)?.address ?? null
  const isVoteFresh = (key: string): boolean => clock.now() - (votes.get(key)?.atMs ?? Number.NEGATIVE_INFINITY) < ASKED_AGAIN
  /** `at`: where that peer itself is. */
  const vote = (address: string, by: string, at: string): void => {
    votes = withVote(votes, by, { address, network: networkOf(at), atMs: clock.now() })
    const current = told.type === 'proven' ? told.address : null
    const around = askable().map(({ record }) => networkOf(record.address))
    if (isBelieved(votes, address, current, around)) actor.send({ type: 'reach.reached', address, by, atMs: clock.wallMs() })
    else check('other').catch(needs.onBug)
  }
  /** A peer tries what it was asked to, or the host it sees with this node's port: at any other address it has not reached this node. */
  const isOurs = (address: string): boolean => {
    const at = parseAddress(address)
    if (at === null || addressOf(at.host, at.port) !== address || !isAllowed(address, needs.policy, 'named')) return false
    return at.port === own.listenPort() || address === ask().advertise
  }
  const found = (met: Met): void => {
    findings.note(met)
    if (!needs.listens) return
    const { dialBack, record } = met
    const by = record.id ?? record.address
    if (dialBack.type === 'reached' && isOurs(dialBack.address)) {
      if (dialBack.vouch?.by === by && isVouchFresh(dialBack.vouch, clock.wallMs())) own.vouched(dialBack.address, dialBack.vouch)
      return vote(dialBack.address, by, record.address)
    }
    // Where one has reached this node already, who would not try tells nothing.
    if (dialBack.type === 'untried') return actor.send({ type: lastVote() === null ? 'reach.declined' : 'reach.untried' })
    if (dialBack.type !== 'missed') return actor.send({ type: 'reach.untried' })
    // A host that says nobody listens there is sure of it, which is believed where there is nobody else to ask; silence may be the
    // asked one's trouble, or a lost packet, so others have to agree: more of them against an address that was proven than where
    // nothing is known, since a node that starts behind NAT waits for its TURN meanwhile.
    const others = askable().length
    const whileSilent = told.type === 'proven' || lastVote() !== null ? silencesToFall(others, needs.company.slowness()) : MISSES_TO_FALL
    const enough = dialBack.why !== 'refused' ? whileSilent : others <= 1 ? 1 : MISSES_TO_FALL
    actor.send({ type: 'reach.missed', by, enough })
    if (told.type === 'refused') return
    for (let count = 0; count < ASKED_AT_ONCE; count++) check('other').catch(needs.onBug)
  }
  const isFull = (): boolean => {
    // Where this process waits for a processor itself, more asks would make all of them later still.
    const isLate = (sinceMs: number): boolean => clock.now() - sinceMs >= lateMs() && !isBusy(clock)
    const inTime = [...asked.values()].filter((sinceMs) => !isLate(sinceMs)).length
    return inTime >= (isInHaste() ? ASKED_AT_ONCE_MOVED : ASKED_AT_ONCE) || asked.size >= (isInHaste() ? ASKED_MOST_MOVED : ASKED_MOST)
  }
  /** Not where this process waits for a processor itself, nor for ever: where there is no way out now nobody answers. */
  const isInHaste = (): boolean => {
    if (movedMs !== null && (!isUnsure() || clock.now() - movedMs >= MOVED_HASTE)) movedMs = null
    return movedMs !== null && !isBusy(clock)
  }
  const lateMs = (): number => (isInHaste() ? ASKED_LATE_MOVED : ASKED_LATE)
  /** An answer is wanted soon: no address is known, or too few have vouched for it. */
  const isUnsure = (): boolean => told.type === 'unknown' || second.lacks()
  /** `other`: somebody else than those who could not connect, or have voted, lately; or nobody. */
  const check = async (who: 'any' | 'other', from = askable()): Promise<void> => {
    const { missedBy } = actor.getSnapshot().context
    const idle = from.filter(({ key }) => !asked.has(key))
    const others = idle.filter(({ key }) => !missedBy.includes(key) && !isVoteFresh(key))
    const fit = others.length > 0 || who === 'other' ? others : idle
    // A connection to these stands since the move. Where packets are lost the handshake is half of what takes long.
    const warm = isInHaste() ? fit.filter(({ record }) => calls.isWarm(record.address)) : []
    const peers = warm.length > 0 ? warm : fit
    const peer = peers[Math.floor(draws.fraction() * peers.length)]
    if (!peer || isFull() || !needs.listens || isOver) return
    asked.set(peer.key, clock.now())
    second.asked(peer.key)
    actor.send({ type: 'reach.asked' })
    const late = clock.setTimeout(() => {
      if (isUnsure()) check('other').catch(needs.onBug)
    }, lateMs())
    const met = await calls.hello(peer.record.address, { from: own.envelope(), ...ask() })
    clock.clearTimeout(late)
    asked.delete(peer.key)
    if ('dialBack' in met) {
      if (met.record.id === peer.key) keeper.apply((table, wallMs) => recordMet(table, peer.key, peer.record.address, wallMs))
      found(met)
    } else actor.send({ type: 'reach.untried' })
  }

  const moved = ({ lost }: AddressChange): void => {
    // What is warm was opened from an address that may be gone.
    http.dropWarm()
    calls.forgetWarm()
    heard = null
    votes = new Map()
    if (told.type !== 'proven' || !lost.includes(parseAddress(told.address)?.host ?? '')) return
    movedMs = clock.now()
    actor.send({ type: 'reach.moved' })
    for (let count = 0; count < ASKED_AT_ONCE_MOVED; count++) check('any').catch(needs.onBug)
  }
  const isUnknown = (): boolean => told.type === 'unknown'
  const isMet = (change: Change): boolean => change.type === 'added' || (change.type === 'measured' && change.isFirst === true)
  const joined$ = keeper.changes$.pipe(
    filter((change) => isMet(change) && change.row.record.id !== null && isProven(change.row) && isUnknown()),
  )
  const second = createSecondVouch({
    ...{ clock, keeper, own, askable, hasVoted: isVoteFresh, verdict: () => told, verdicts$: verdicts },
    isAsking: () => asked.size > 0,
    ask: (from) => check('other', from),
  })
  const again$ = verdicts.pipe(filter(isUnknown))

  return {
    ask,
    found,
    provenAt: (address, by) => vote(address, by, by),
    arrivedAt: (address) => {
      heard ??= address
      const hasMisses = actor.getSnapshot().context.missedBy.length > 0
      if (hasMisses && told.type === 'proven' && told.address === address) actor.send({ type: 'reach.arrived' })
    },
    verdict: () => told,
    findings: findings.list,
    verdicts$: verdicts.asObservable(),
    runs$: needs.listens
      ? merge(
          jitteredInterval(clock, draws, REACH_PERIOD),
          jitteredInterval(clock, draws, REACH_PERIOD_UNKNOWN).pipe(filter(isUnknown)),
          joined$,
          again$,
          needs.watch.changes$.pipe(tap(moved)),
        ).pipe(
          mergeMap(() => check('any')),
          (checks$) => merge(checks$, second.runs$),
        )
      : EMPTY,
    start: () => {
      actor.start()
    },
    stop: () => {
      isOver = true
      actor.stop()
    },
  }
}
