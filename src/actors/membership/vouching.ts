// Who is only heard of, and vouched for by those that this node knows: listed by their word, and looked at in its turn. Nobody else is spared
// a look: whom nobody vouches for this node asks itself before it lists it, and whom too few do, a little later.
import { filter, map, merge, type Observable, Subject, switchMap, timer } from 'rxjs'
import { type Allowance, fullAllowance, takeOne } from '../../domain/allowance.ts'
import { isBusy, isCrowded, togetherMs } from '../../domain/crowded.ts'
import { isListed, isProven, type Row, recordVouched } from '../../domain/ip-table.ts'
import type { NetworkKind } from '../../domain/network-kind.ts'
import {
  CROWDED_EARLY_REST,
  CROWDED_PATIENCE,
  CROWDED_VOUCHER_PATIENCE,
  EARLY_LOOKS_AT_ONCE,
  EARLY_LOOKS_PER_SECOND,
  EARLY_PATIENCE,
  VOUCH_NEW,
  WATCHED_WHOLE,
} from '../../domain/timings.ts'
import { isEnough, isVouchFresh, type Vouch, type Voucher } from '../../domain/vouches.ts'
import type { Ports } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import { keyIn } from '../../v2/envelope.ts'
import { isGenuineVouch } from '../../v2/vouch.ts'
import type { ContactGate } from './contact-gate.ts'
import type { OwnRecord } from './own-record.ts'
import type { Prober } from './prober.ts'
import { RecentMap } from './recent-map.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface Vouching {
  /** Lists a row that is only heard of, or has it looked at: now, or in its turn where somebody vouches for it. */
  heard(row: Row): void
  /** Its owner has said something later, of the same address: more may vouch for it now. */
  saidMore(row: Row): void
  /** Runs while subscribed. */
  readonly runs$: Observable<unknown>
}

interface VouchingNeeds extends Pick<Ports, 'clock' | 'identity'> {
  readonly keeper: TableKeeper
  readonly own: Pick<OwnRecord, 'id'>
  readonly networkKind: NetworkKind
  readonly prober: Pick<Prober, 'doubt' | 'ensure' | 'isPlanned'>
  readonly gate: Pick<ContactGate, 'tryAnew'>
}

/** What is left of a wait, where sums of decimals end a little above zero, is none. */
const LEAST_MS = 1
/** Whether more may vouch is looked at so often. */
const LOOK_AGAIN_MS = 500
const MOST_LOOKED_AT_AS_THEY_CAME = 32
const EARLY = { burst: EARLY_LOOKS_AT_ONCE, perSecond: EARLY_LOOKS_PER_SECOND }

export function createVouching({ clock, identity, keeper, own, networkKind, prober, gate }: VouchingNeeds): Vouching {
  /** Rows that too few vouch for, as far as this node knows those who do. Those that wait longest come first. */
  const waiting = new Map<string, { readonly sinceMs: number; readonly vouchers: readonly string[] }>()
  /** Of these, by who vouches. */
  const waitingFor = new Map<string, Set<string>>()
  /** Rows that were looked at as they came: they are listed by others' word once their vouchers are listed here, until that look has found nobody. */
  const lookedAt = new RecentMap<string, true>(MOST_LOOKED_AT_AS_THEY_CAME)
  const woken = new Subject<void>()
  let lastMs = Number.NEGATIVE_INFINITY
  let early: Allowance = fullAllowance(EARLY, clock.now())

  const rowOf = (key: string): Row | undefined => keeper.current().rows.get(key)
  /** Its signature counts: it is listed here, and signed what the row says. */
  const voucherOf = ({ record: { id, address } }: Row, vouch: Vouch): Voucher | null => {
    const { by } = vouch
    const row = rowOf(by)
    if (id === null || by === id || row === undefined || !isListed(row) || row.record.envelope === null) return null
    const key = keyIn(row.record.envelope)
    if (key === null || !isGenuineVouch(identity, key, { id, address }, vouch)) return null
    return { id: by, address: row.record.address, isProven: isProven(row) && by !== own.id }
  }
  const vouchesOf = ({ record: { id, vouches } }: Row): readonly Vouch[] =>
    id === null ? [] : (vouches ?? []).filter((one) => isVouchFresh(one, clock.wallMs()))
  /** Lists it where enough vouch for it. */
  const list = (row: Row): boolean => {
    const vouches = vouchesOf(row)
    const vouchers = vouches.flatMap((one) => voucherOf(row, one) ?? [])
    if (!isEnough(vouchers, networkKind.type, row.lastProofMs !== null || row.wasTold === true)) return false
    const goneAtMs = keeper.current().gone.get(row.key)?.atMs ?? 0
    const isNew = vouches.every(({ atS }) => Math.abs(clock.wallMs() - atS * 1_000) < VOUCH_NEW && atS * 1_000 > goneAtMs)
    const isListedNow = keeper.apply((table) => recordVouched(table, row.key, [...new Set(vouchers.map(({ id }) => id))], isNew)).length > 0
    if (isListedNow && isNew) gate.tryAnew(row.record.address, 'others')
    // It was looked for in vain before, and its next look is far off.
    if (isListedNow && prober.isPlanned(row.key)) prober.doubt(row.key)
    return isListedNow
  }
  /** A place among the first looks; false: they are taken for now. */
  const take = (): boolean => {
    const { allowance, waitMs } = takeOne(early, EARLY, clock.now())
    if (waitMs === 0) early = allowance
    return waitMs === 0
  }
  const isSmall = (): boolean => keeper.current().rows.size <= WATCHED_WHOLE

  const forgetVouchers = (key: string): void => {
    for (const by of waiting.get(key)?.vouchers ?? []) {
      const keys = waitingFor.get(by)
      keys?.delete(key)
      if (keys?.size === 0) waitingFor.delete(by)
    }
  }
  const wait = (row: Row): void => {
    forgetVouchers(row.key)
    const vouchers = vouchesOf(row).map(({ by }) => by)
    waiting.set(row.key, { sinceMs: waiting.get(row.key)?.sinceMs ?? clock.now(), vouchers })
    for (const by of vouchers) waitingFor.set(by, (waitingFor.get(by) ?? new Set()).add(row.key))
    if (waiting.size === 1) woken.next()
  }
  const leave = (key: string): void => {
    forgetVouchers(key)
    waiting.delete(key)
  }
  /** It is listed now: whoever needed its vouch may be listed too. */
  const listVouchedBy = (voucher: string): void => {
    for (const [key] of [...lookedAt.entries()]) {
      const row = rowOf(key)
      if (row?.state !== 'unknown' || row.strikes > 0 || (vouchesOf(row).some(({ by }) => by === voucher) && list(row)))
        lookedAt.delete(key)
    }
    for (const key of [...(waitingFor.get(voucher) ?? [])]) {
      const row = waiting.has(key) ? rowOf(key) : undefined
      if (row?.state !== 'unknown' || list(row)) leave(key)
    }
  }
  const nextMs = (): number => {
    const [{ sinceMs } = { sinceMs: 0 }] = waiting.values()
    const isWanted = isCrowded(clock) && [...waitingFor.keys()].some((by) => waiting.has(by))
    const [patienceMs, restMs] = isCrowded(clock)
      ? [isWanted ? CROWDED_VOUCHER_PATIENCE : CROWDED_PATIENCE, CROWDED_EARLY_REST]
      : [EARLY_PATIENCE, 0]
    return Math.max(sinceMs + patienceMs - clock.now(), lastMs + restMs - clock.now(), takeOne(early, EARLY, clock.now()).waitMs, 0)
  }
  /** One that most others wait for, else the one that waits longest. */
  const nextKey = (): string | undefined => {
    let [best] = waiting.keys()
    let most = 0
    for (const [by, keys] of waitingFor)
      if (waiting.has(by) && keys.size > most) {
        best = by
        most = keys.size
      }
    return best
  }
  const lookAtNext = (): void => {
    const key = nextKey()
    if (key === undefined) return
    if (nextMs() >= LEAST_MS) return woken.next()
    lastMs = clock.now()
    leave(key)
    if (rowOf(key)?.state === 'unknown') {
      early = takeOne(early, EARLY, clock.now()).allowance
      prober.doubt(key)
    }
    if (waiting.size > 0) woken.next()
  }

  return {
    heard: (row) => {
      // By now it may have answered this node itself.
      if (rowOf(row.key)?.state !== 'unknown') return
      if (vouchesOf(row).length === 0 || row.stored !== null) return prober.doubt(row.key)
      if (list(row)) return leave(row.key)
      // Few are looked at as they come: what this node has seen itself is better. Where processors are scarce a second vouch is waited for.
      if (isSmall() && !isBusy(clock) && take()) {
        lookedAt.set(row.key, true)
        return prober.doubt(row.key)
      }
      wait(row)
    },
    saidMore: (row) => {
      if (list(row)) return leave(row.key)
      if (waiting.has(row.key)) wait(row)
      else prober.ensure(row.key)
    },
    runs$: merge(
      keeper.changes$.pipe(
        filter(
          ({ type, row }) =>
            (type === 'added' || type === 'changed' || type === 'measured') &&
            isListed(row) &&
            (lookedAt.size > 0 || waitingFor.has(row.key)),
        ),
        map(({ row }) => listVouchedBy(row.key)),
      ),
      woken.pipe(
        switchMap(() => timer(isBusy(clock) ? Math.min(nextMs(), togetherMs(LOOK_AGAIN_MS, clock)) : nextMs(), clockScheduler(clock))),
        map(lookAtNext),
      ),
    ),
  }
}
