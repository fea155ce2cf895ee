// Who is served a speed test: one at a time, since two at once would tell nothing. Members come before strangers, and nobody has the
// slot again and again while others ask: of each minute one asker has ten seconds, which is what one whole test takes at most.
import { addressGroup } from '../../domain/address-group.ts'
import type { Clock, InboundRequest } from '../../ports.ts'

/** Of each minute, so long for one asker: a member, or a stranger's address. */
const ASKER_MS = 10_000
const PERIOD_MS = 60_000
/** Askers that are remembered; those first who came last. */
const MAX_ASKERS = 1_024

export interface Served {
  /** Aborted when another is served in its place, or its time is over. */
  readonly signal: AbortSignal
  /** It is through. More than once is no harm. */
  end(): void
}

export interface SpeedSlot {
  /** Serves the asker now, for `maxMs` at most; then it is aborted. Null: it has to come again later. */
  serve(asker: Pick<InboundRequest, 'by' | 'remote'>, maxMs: number): Served | null
  isBusy(): boolean
}

interface Holder {
  readonly isMember: boolean
  readonly end: (isAborted: boolean) => void
}

export function createSpeedSlot(clock: Omit<Clock, 'wallMs'>): SpeedSlot {
  const used = new Map<string, { readonly sinceMs: number; ms: number }>()
  let holder: Holder | null = null

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
      if (holder !== null && (holder.isMember || !isMember)) return null
      const account = usedBy(by ?? addressGroup(remote.host))
      if (account.ms >= ASKER_MS) return null
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
      return { signal: ending.signal, end: () => end(false) }
    },
    isBusy: () => holder !== null,
  }
}
