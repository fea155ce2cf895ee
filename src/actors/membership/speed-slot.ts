// Who is served a speed test: one at a time, since two at once would tell nothing. Members come before strangers, and nobody has the
// slot again and again while others ask: of each minute one asker has ten seconds, which is what one whole test takes at most. Whoever
// comes while it is taken gets an appointment: the slot is kept for it then.
import { addressGroup } from '../../domain/address-group.ts'
import type { Clock, InboundRequest } from '../../ports.ts'
import { RecentMap } from './recent-map.ts'

/** Of each minute, so long for one asker: a member, or a stranger's address. */
const ASKER_MS = 10_000
const PERIOD_MS = 60_000
/** Askers that are remembered; those first who came last. */
const MAX_ASKERS = 1_024
/** So long from one appointment to the next: what a test takes mostly, and a quarter of a second in which queues are empty again. */
const APPOINTMENT_MS = 1_500
/** Whoever is so late has lost it. */
const LATE_MS = 1_000
const MAX_APPOINTMENTS = 64
/** For whoever has lost one the slot is not kept for so long: some dozens who never come would keep it for themselves alone. */
const MISSED_MS = 600_000

export interface Served {
  readonly type: 'served'
  /** Aborted when another is served in its place, or its time is over. */
  readonly signal: AbortSignal
  /** It is through. More than once is no harm. */
  end(): void
}

export interface Later {
  readonly type: 'later'
  readonly afterMs: number
  /** A clause. */
  readonly why: string
}

const TAKEN = { type: 'later', why: 'another speed test is under way' } as const
const USED_UP = { type: 'later', why: 'whoever asks has used up its share of this minute' } as const

export interface SpeedSlot {
  /**
   * Serves the asker now, for `maxMs` at most; then it is aborted. Or not now: the slot is kept for it when
   * `afterMs` have passed, unless it has lost an appointment lately.
   */
  serve(asker: Pick<InboundRequest, 'by' | 'remote'>, maxMs: number): Served | Later
  isBusy(): boolean
  /** This node wants to test somebody itself: a stranger that is served is ended. False: a member is, and stays. */
  makeRoom(): boolean
}

interface Appointment {
  readonly atMs: number
  readonly isMember: boolean
}

interface Holder {
  readonly isMember: boolean
  readonly end: (isAborted: boolean) => void
}

export function createSpeedSlot(clock: Omit<Clock, 'wallMs'>): SpeedSlot {
  const used = new Map<string, { readonly sinceMs: number; ms: number }>()
  let holder: Holder | null = null
  /** By asker, the earliest first. */
  const appointments = new Map<string, Appointment>()
  /** When each last lost one. */
  const missed = new RecentMap<string, number>(MAX_ASKERS)

  const lapse = (): void => {
    for (const [key, { atMs }] of appointments) {
      if (clock.now() <= atMs + LATE_MS) continue
      appointments.delete(key)
      missed.set(key, clock.now())
    }
  }
  const later = (key: string, isMember: boolean): Later => {
    const known = appointments.get(key)
    if (known !== undefined && known.atMs > clock.now()) return { ...TAKEN, afterMs: Math.ceil(known.atMs - clock.now()) }
    appointments.delete(key)
    const lastMs = [...appointments.values()].at(-1)?.atMs ?? clock.now()
    const atMs = Math.max(clock.now(), lastMs) + APPOINTMENT_MS
    const isReliable = clock.now() - (missed.get(key) ?? -Infinity) > MISSED_MS
    if (isReliable && appointments.size < MAX_APPOINTMENTS) appointments.set(key, { atMs, isMember })
    return { ...TAKEN, afterMs: Math.ceil(atMs - clock.now()) }
  }
  /** A test now would reach into the time that is kept for another. */
  const isKept = (key: string, isMember: boolean): boolean => {
    const [next] = appointments
    return next !== undefined && next[0] !== key && (next[1].isMember || !isMember) && clock.now() + APPOINTMENT_MS >= next[1].atMs
  }

  const usedBy = (key: string): { readonly sinceMs: number; ms: number } => {
    const found = used.get(key)
    if (found !== undefined && clock.now() - found.sinceMs < PERIOD_MS) return found
    const fresh = { sinceMs: clock.now(), ms: 0 }
    used.delete(key)
    used.set(key, fresh)
    const [oldest] = used.keys()
    if (used.size > MAX_ASKERS && oldest !== undefined) used.delete(oldest)
    return fresh
  }
  return {
    serve: ({ by, remote }, maxMs) => {
      const isMember = by !== null
      const key = by ?? addressGroup(remote.host)
      const account = usedBy(key)
      // Its share of the minute is used up: it is kept no place before the next one.
      if (account.ms >= ASKER_MS) return { ...USED_UP, afterMs: Math.ceil(account.sinceMs + PERIOD_MS - clock.now()) }
      lapse()
      if ((holder !== null && (holder.isMember || !isMember)) || isKept(key, isMember)) return later(key, isMember)
      appointments.delete(key)
      holder?.end(true)
      const startMs = clock.now()
      const ending = new AbortController()
      const end = (isAborted: boolean): void => {
        if (holder !== mine) return
        holder = null
        clock.clearTimeout(timer)
        account.ms += clock.now() - startMs
        if (isAborted) ending.abort()
      }
      const timer = clock.setTimeout(() => end(true), maxMs)
      const mine: Holder = { isMember, end }
      holder = mine
      return { type: 'served', signal: ending.signal, end: () => end(false) }
    },
    isBusy: () => holder !== null,
    makeRoom: () => {
      if (holder !== null && !holder.isMember) holder.end(true)
      return holder === null
    },
  }
}
