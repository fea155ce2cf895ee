// Rows that are listed by others' word alone are looked at one after another, so that a newcomer is not asked by everybody at once: first those
// that may become this node's TURN, and those near by.
import { map, merge, type Observable, Subject, switchMap, timer } from 'rxjs'
import { type Allowance, fullAllowance, takeOne } from '../../domain/allowance.ts'
import type { Coordinate } from '../../domain/coordinates.ts'
import { isBusy, isCrowded, lookRestMs, togetherMs } from '../../domain/crowded.ts'
import { firstLook } from '../../domain/first-look.ts'
import type { Row } from '../../domain/ip-table.ts'
import {
  CALM_FOR,
  CROWDED_REST,
  EARLY_LOOKS_PER_SECOND,
  FIRST_LOOKS_AT_ONCE,
  FIRST_LOOKS_PER_SECOND,
  WATCHED_WHOLE,
} from '../../domain/timings.ts'
import type { Ports } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import type { OwnRecord } from './own-record.ts'
import type { Prober } from './prober.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface FirstLooks {
  /** Runs while subscribed. */
  readonly runs$: Observable<unknown>
}

interface FirstLookNeeds extends Pick<Ports, 'clock' | 'random'> {
  readonly keeper: TableKeeper
  readonly own: Pick<OwnRecord, 'address'>
  readonly prober: Pick<Prober, 'doubt' | 'isPlanned'>
  readonly place: () => Coordinate
}

/** The next one is chosen among so many, drawn by chance. */
const DRAWN = 64
/** Where all that were drawn are under way or planned. */
const PAUSE_MS = 2_000
/** Whether other things still come first is looked at so often. */
const LOOK_AGAIN_MS = 500

export function createFirstLooks({ clock, random, keeper, own, prober, place }: FirstLookNeeds): FirstLooks {
  const draws = random.fork('first looks')
  const woken = new Subject<void>()
  let isAwake = false
  let allowance: Allowance = fullAllowance(limitsIn(0), clock.now())
  let notBeforeMs = 0
  let lastAddedMs = Number.NEGATIVE_INFINITY
  let lastMs = Number.NEGATIVE_INFINITY
  let awakeSinceMs = 0

  const table = () => keeper.current()
  const wake = (): void => {
    if (!isAwake) awakeSinceMs = clock.now()
    isAwake = true
    woken.next()
  }
  const restUntilMs = (): number => {
    // Who is not reached yet may need a TURN, and for that somebody near.
    if (own.address() === null || !isBusy(clock)) return 0
    // Words may come for ever. A table that still grows is not as small as it looks.
    const isGrowing = clock.now() - lastAddedMs < CALM_FOR
    const latestMs = Math.max(lastMs, awakeSinceMs) + (isGrowing ? CROWDED_REST : lookRestMs(table().rows.size))
    return isCrowded(clock) ? latestMs : Math.min(lastAddedMs + CALM_FOR, latestMs)
  }
  const waitMs = (): number =>
    Math.max(notBeforeMs - clock.now(), takeOne(allowance, limitsIn(table().rows.size), clock.now()).waitMs, restUntilMs() - clock.now(), 1)
  const look = (): void => {
    if (waitMs() > 1) return wake()
    const { unlooked, rows, turns } = table()
    const fit: Row[] = unlooked.some(DRAWN, () => draws.fraction()).flatMap((key) => (prober.isPlanned(key) ? [] : (rows.get(key) ?? [])))
    const next = firstLook(fit, { turns: turns.size, here: place() })
    isAwake = unlooked.size > 0
    if (next === null) notBeforeMs = clock.now() + PAUSE_MS
    else {
      allowance = takeOne(allowance, limitsIn(rows.size), clock.now()).allowance
      lastMs = clock.now()
      prober.doubt(next.key)
    }
    if (isAwake) wake()
  }

  return {
    runs$: merge(
      keeper.changes$.pipe(
        map(({ type, row }) => {
          if (type === 'added' || type === 'heard') lastAddedMs = clock.now()
          if ((row.told !== undefined || row.isUntimed) && !isAwake) wake()
        }),
      ),
      woken.pipe(
        switchMap(() => timer(isBusy(clock) ? Math.min(waitMs(), togetherMs(LOOK_AGAIN_MS, clock)) : waitMs(), clockScheduler(clock))),
        map(look),
      ),
    ),
  }
}

const limitsIn = (rows: number) => ({
  burst: FIRST_LOOKS_AT_ONCE,
  perSecond: rows > WATCHED_WHOLE ? FIRST_LOOKS_PER_SECOND : EARLY_LOOKS_PER_SECOND,
})
