// Who is only heard of, and vouched for by those that this node knows: listed by their word, and looked at in its turn. Nobody else is spared
// a look: whom nobody vouches for this node asks itself before it lists it, and whom too few do, a little later.
import { filter, map, merge, type Observable, Subject, switchMap, timer } from 'rxjs'
import { type Allowance, fullAllowance, takeOne } from '../../domain/allowance.ts'
import { isListed, isProven, type Row, recordVouched } from '../../domain/ip-table.ts'
import type { NetworkKind } from '../../domain/network-kind.ts'
import { EARLY_LOOKS_AT_ONCE, EARLY_LOOKS_PER_SECOND, EARLY_PATIENCE, WATCHED_WHOLE } from '../../domain/timings.ts'
import { isEnough, isVouchFresh, type Vouch, type Voucher } from '../../domain/vouches.ts'
import type { Ports } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import { keyIn } from '../../v2/envelope.ts'
import { vouchBytes } from '../../v2/vouch.ts'
import type { OwnRecord } from './own-record.ts'
import type { Prober } from './prober.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface Vouching {
  /** Lists a row that is only heard of, or has it looked at: now, or in its turn where somebody vouches for it. */
  heard(row: Row): void
  /** Runs while subscribed. */
  readonly runs$: Observable<unknown>
}

interface VouchingNeeds extends Pick<Ports, 'clock' | 'identity'> {
  readonly keeper: TableKeeper
  readonly own: Pick<OwnRecord, 'id'>
  readonly networkKind: NetworkKind
  readonly prober: Pick<Prober, 'doubt'>
}

const EARLY = { burst: EARLY_LOOKS_AT_ONCE, perSecond: EARLY_LOOKS_PER_SECOND }

export function createVouching({ clock, identity, keeper, own, networkKind, prober }: VouchingNeeds): Vouching {
  /** Rows that too few vouch for, as far as this node knows those who do; since when. Those that wait longest come first. */
  const waiting = new Map<string, number>()
  /** Of these, by who vouches. */
  const waitingFor = new Map<string, Set<string>>()
  const woken = new Subject<void>()
  let early: Allowance = fullAllowance(EARLY, clock.now())

  const rowOf = (key: string): Row | undefined => keeper.current().rows.get(key)
  /** Its signature counts: it is listed here, and signed what the row says. */
  const voucherOf = ({ record: { id, address } }: Row, { by, atS, sig }: Vouch): Voucher | null => {
    const row = rowOf(by)
    if (id === null || by === id || row === undefined || !isListed(row) || row.record.envelope === null) return null
    const key = keyIn(row.record.envelope)
    if (key === null || !identity.verify(key, vouchBytes({ id, address, atS }), sig)) return null
    return { id: by, address: row.record.address, isProven: isProven(row) && by !== own.id }
  }
  const vouchesOf = ({ record: { id, vouches } }: Row): readonly Vouch[] =>
    id === null ? [] : (vouches ?? []).filter((one) => isVouchFresh(one, clock.wallMs()))
  /** Lists it where enough vouch for it. */
  const list = (row: Row): boolean => {
    const vouchers = vouchesOf(row).flatMap((one) => voucherOf(row, one) ?? [])
    if (!isEnough(vouchers, networkKind.type)) return false
    return keeper.apply((table) => recordVouched(table, row.key, [...new Set(vouchers.map(({ id }) => id))])).length > 0
  }
  /** A place among the first looks; false: they are taken for now. */
  const take = (): boolean => {
    const { allowance, waitMs } = takeOne(early, EARLY, clock.now())
    if (waitMs === 0) early = allowance
    return waitMs === 0
  }
  const isSmall = (): boolean => keeper.current().rows.size <= WATCHED_WHOLE

  const wait = (row: Row): void => {
    if (!waiting.has(row.key)) waiting.set(row.key, clock.now())
    for (const { by } of vouchesOf(row)) waitingFor.set(by, (waitingFor.get(by) ?? new Set()).add(row.key))
    if (waiting.size === 1) woken.next()
  }
  const leave = (key: string): void => {
    waiting.delete(key)
    if (waiting.size === 0) waitingFor.clear()
  }
  /** Whoever they wait for is listed now. */
  const listThoseOf = (voucher: string): void => {
    const keys = waitingFor.get(voucher) ?? []
    waitingFor.delete(voucher)
    for (const key of keys) {
      const row = waiting.has(key) ? rowOf(key) : undefined
      if (row?.state !== 'unknown' || list(row)) leave(key)
    }
  }
  const nextMs = (): number => {
    const [sinceMs = 0] = waiting.values()
    return Math.max(sinceMs + EARLY_PATIENCE - clock.now(), takeOne(early, EARLY, clock.now()).waitMs, 0)
  }
  const lookAtLongest = (): void => {
    const [key] = waiting.keys()
    if (key === undefined) return
    leave(key)
    if (rowOf(key)?.state === 'unknown') {
      early = takeOne(early, EARLY, clock.now()).allowance
      prober.doubt(key)
    }
    if (waiting.size > 0) woken.next()
  }

  return {
    heard: (row) => {
      if (vouchesOf(row).length === 0 || row.stored !== null) return prober.doubt(row.key)
      // Few are looked at as they come: what this node has seen itself is better.
      if (isSmall() && take()) return prober.doubt(row.key)
      if (list(row)) leave(row.key)
      else wait(row)
    },
    runs$: merge(
      keeper.changes$.pipe(
        filter(({ type, row }) => (type === 'added' || type === 'changed' || type === 'measured') && waitingFor.has(row.key)),
        map(({ row }) => listThoseOf(row.key)),
      ),
      woken.pipe(
        switchMap(() => timer(nextMs(), clockScheduler(clock))),
        map(lookAtLongest),
      ),
    ),
  }
}
