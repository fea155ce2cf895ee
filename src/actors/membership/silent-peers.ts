// Who is silent is looked at by others too, suspected by several, and told dead once (SWIM with Lifeguard). The rules stand in
// domain/suspicion.ts and domain/table/row-rules.ts, and what a told death is worth in docs/decisions/0037.
import { defer, filter, interval, merge, mergeMap, type Observable, tap } from 'rxjs'
import { type Change, isProven, type Row, recordLooks } from '../../domain/ip-table.ts'
import { addressesOf } from '../../domain/record.ts'
import { witnessesNeeded } from '../../domain/suspicion.ts'
import { DEATH_FANOUT, GOSSIP_FANOUT, REFUTE_GAP, WITNESS_COUNTS } from '../../domain/timings.ts'
import type { Ports } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import { keyIn } from '../../v2/envelope.ts'
import { type Death, type Witness, witnessBytes } from '../../v2/indirect-look.ts'
import type { Announcer } from './announcer.ts'
import type { Company } from './company.ts'
import type { Gossip, Suspicions } from './gossip.ts'
import type { Lookers } from './lookers.ts'
import type { OwnRecord } from './own-record.ts'
import type { Missed, Prober } from './prober.ts'
import { RecentMap } from './recent-map.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface SilentPeers {
  /** Runs while subscribed. */
  readonly runs$: Observable<unknown>
}

interface SilentPeersNeeds extends Pick<Ports, 'clock' | 'identity'> {
  readonly keeper: TableKeeper
  readonly own: Pick<OwnRecord, 'id' | 'seq'>
  readonly prober: Pick<Prober, 'missed$' | 'doubt'>
  readonly gossip: Pick<Gossip, 'spread' | 'suspicions$'>
  readonly lookers: Lookers
  readonly company: Company
  readonly announcer: Pick<Announcer, 'outrun'>
}

/** Rows whose witnesses are remembered. */
const MOST_CASES = 1_024
/** From one to the next; what came before a longer pause was about another silence. */
const CASE_LASTS = 60_000
/** Whether this process is punctual is looked at so often: it is woken for it. */
const TIMER_MS = 3_000

/** Who missed a row at that address, as they signed it. */
interface Case {
  readonly address: string
  /** Monotonic, of the last of them. */
  readonly atMs: number
  readonly witnesses: ReadonlyMap<string, Witness>
}

export function createSilentPeers(needs: SilentPeersNeeds): SilentPeers {
  const { clock, identity, keeper, own, prober, gossip, lookers, company, announcer } = needs
  const cases = new RecentMap<string, Case>(MOST_CASES)
  const underWay = new Set<string>()
  let refutedAtMs = Number.NEGATIVE_INFINITY

  const witnessesOf = ({ key, record: { address } }: Row): ReadonlyMap<string, Witness> => {
    const known = cases.get(key)
    return known?.address === address && clock.now() - known.atMs < CASE_LASTS ? known.witnesses : new Map()
  }
  const remember = (row: Row, more: readonly Witness[]): ReadonlyMap<string, Witness> => {
    const witnesses = new Map([...witnessesOf(row), ...more.map((one) => [one.by, one] as const)])
    cases.set(row.key, { address: row.record.address, atMs: clock.now(), witnesses })
    return witnesses
  }
  /** Its word counts: a member that this node lists, lately, in its own hand. */
  const isGenuine = ({ id, address }: Pick<Death, 'id' | 'address'>, { by, atMs, sig }: Witness): boolean => {
    const row = keeper.current().rows.get(by)
    if (by === id || by === own.id || !row || !isProven(row) || row.record.envelope === null) return false
    const key = Math.abs(clock.wallMs() - atMs) < WITNESS_COUNTS ? keyIn(row.record.envelope) : null
    return key !== null && identity.verify(key, witnessBytes({ id, address, atMs }), sig)
  }

  const lookAgain = async ({ row, why }: Missed): Promise<void> => {
    if (underWay.has(row.key)) return
    underWay.add(row.key)
    const round = await lookers.ask(row)
    underWay.delete(row.key)
    const now = keeper.current().rows.get(row.key)
    if (round === null || now === undefined || now.record.address !== row.record.address) return
    const { asked, reachedBy } = round
    const { id, address } = row.record
    const missed = id === null ? [] : round.missed.filter((one) => isGenuine({ id, address }, one))
    const isMine = reachedBy.length > 0 ? now.reachedBy.length === 0 : asked > 1 && missed.length === 0
    // Where it has answered meanwhile the miss was this node's own, too.
    if (isMine) company.missedMyself()
    if (missed.length > 0) remember(row, missed)
    const looks = { reachedBy, missedBy: reachedBy.length > 0 ? [] : missed.map(({ by }) => by) }
    keeper.apply((table, wallMs) => recordLooks(table, row.key, looks, why, wallMs))
  }

  /** Told once, to a few: what goes here. */
  const tell = async (change: Change): Promise<void> => {
    const { row } = change
    const { id, seq, address } = row.record
    if (id === null || id === own.id) return
    // The suspect is told too: where it hears that, its answer is a later word.
    if (change.type === 'suspected') await gossip.spread({ doubts: [{ id, seq }] }, GOSSIP_FANOUT, row)
    if (change.type !== 'removed' || row.strikes === 0 || row.stored !== null) return
    const witnesses = [...witnessesOf(row).values(), lookers.witness({ id, address })]
    cases.delete(row.key)
    await gossip.spread({ deaths: [{ id, seq, address, witnesses }] }, DEATH_FANOUT)
  }

  /** Somebody takes this node for dead: it says its word anew, counted higher. */
  const refute = (seq: number): void => {
    if (seq < own.seq() || clock.now() - refutedAtMs < REFUTE_GAP) return
    refutedAtMs = clock.now()
    announcer.outrun(own.seq())
  }

  const heard = ({ from, doubts, deaths = [] }: Suspicions): void => {
    const { rows } = keeper.current()
    // Whom nobody here has met has no say.
    if ((rows.get(from)?.state ?? 'unknown') === 'unknown') return
    for (const { id, seq } of doubts) {
      const row = rows.get(id)
      if (id === own.id) refute(seq)
      else if (row?.state === 'alive' && row.record.seq <= seq) prober.doubt(id)
    }
    for (const death of deaths) {
      const row = rows.get(death.id)
      if (death.id === own.id) refute(death.seq)
      else if (row !== undefined && row.record.seq <= death.seq) toldDead(row, death)
    }
  }
  /** This node looks for itself. Signed by enough who are listed here, its second miss is enough. */
  const toldDead = (row: Row, death: Death): void => {
    if (!addressesOf(row.record).includes(death.address)) return
    const known = witnessesOf(row)
    const more = death.witnesses.filter((one) => !known.has(one.by) && isGenuine(death, one))
    const all = remember(row, more)
    if (all.size >= witnessesNeeded(company.of(row.key).members)) company.toldDead(row.key, row.record.seq)
    prober.doubt(row.key)
  }

  const timed$ = defer(() => {
    let lastMs = clock.now()
    return interval(TIMER_MS, clockScheduler(clock)).pipe(
      tap(() => {
        company.timed(TIMER_MS, clock.now() - lastMs)
        lastMs = clock.now()
      }),
    )
  })

  return {
    runs$: merge(
      prober.missed$.pipe(mergeMap(lookAgain)),
      keeper.changes$.pipe(
        filter(({ type }) => type === 'suspected' || type === 'removed'),
        mergeMap(tell),
      ),
      gossip.suspicions$.pipe(tap(heard)),
      timed$,
    ),
  }
}
