import { Observable } from 'rxjs'
import type { Clock } from '../ports.ts'
import { Wheel } from './wheel.ts'

/** Keys that become due, in ticks of one length. */
export interface DueKeys {
  /** Due after `delayMs`, in place of an earlier plan. */
  put(key: string, delayMs: number): void
  /** Due after `delayMs`, or when it is due already where that is earlier. */
  sooner(key: string, delayMs: number): void
  delete(key: string): void
  has(key: string): boolean
  /** Each as it becomes due. Time passes while it is subscribed, once at the most, and none while this process stands still. */
  readonly due$: Observable<string>
}

/** It sleeps at most so many ticks, which are looked through for the next that is due. */
const MOST_SLEPT = 50

/**
 * A wheel that wakes this process up only at a tick at which something is due: turned at each of ten ticks a second it was two thirds of all
 * that a node without peers did.
 */
export function createDueKeys(clock: Clock, tickMs: number): DueKeys {
  const wheel = new Wheel(tickMs)
  /** When it was turned to its tick. */
  let turnedMs = 0
  /** Null: it stands still. */
  let planned: { readonly tick: number; readonly turn: (tick: number) => void; readonly timer: unknown } | null = null
  /** A tick that is about to begin at this very moment has not begun. */
  const tickNow = (): number => {
    if (planned === null) return wheel.tick
    const passed = Math.max(0, Math.ceil((clock.now() - turnedMs) / tickMs) - 1)
    return Math.min(wheel.tick + passed, planned.tick - 1)
  }
  const plan = (tick: number, turn: (tick: number) => void): void => {
    clock.clearTimeout(planned?.timer)
    planned = { tick, turn, timer: clock.setTimeout(() => turn(tick), turnedMs + (tick - wheel.tick) * tickMs - clock.now()) }
  }

  const put = (key: string, delayMs: number): void => {
    const tick = wheel.put(key, delayMs, tickNow())
    if (planned !== null && tick < planned.tick) plan(tick, planned.turn)
  }

  return {
    put,
    sooner: (key, delayMs) => {
      const dueAt = wheel.dueAt(key)
      if (dueAt === null || dueAt - tickNow() > delayMs / tickMs) put(key, delayMs)
    },
    delete: (key) => wheel.delete(key),
    has: (key) => wheel.has(key),
    due$: new Observable((out) => {
      const turn = (tick: number): void => {
        turnedMs = clock.now()
        const due = wheel.turnTo(tick)
        plan(wheel.next(MOST_SLEPT), turn)
        for (const key of due) out.next(key)
      }
      turnedMs = clock.now()
      plan(wheel.next(MOST_SLEPT), turn)
      return () => {
        clock.clearTimeout(planned?.timer)
        planned = null
      }
    }),
  }
}
