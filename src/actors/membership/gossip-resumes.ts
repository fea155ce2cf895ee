// A peer that has more than one conversation holds is asked again soon: some of what came is proven by then.
import { filter, mergeMap, type Observable, Subject, timer } from 'rxjs'
import { type Allowance, type AllowanceLimits, fullAllowance, takeOne } from '../../domain/allowance.ts'
import { GOSSIP_RESUME, GOSSIP_RESUME_FULL } from '../../domain/timings.ts'
import type { Clock } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import type { Unfinished } from './conversations.ts'
import { RecentMap } from './recent-map.ts'

export interface GossipResumes {
  /** A conversation has ended before all was said. */
  add(unfinished: Unfinished): void
  /** Asks again, while subscribed. */
  readonly runs$: Observable<unknown>
}

/** How often one peer is asked again soon. Who always has something new, and more of it, is asked every half second after that. */
const RESUMES: AllowanceLimits = { burst: 16, perSecond: 2 }
const MOST_RESUMED = 256

/** `exchange`: compares tables with the one at that address. */
export function createGossipResumes(clock: Clock, exchange: (address: string, id: string) => Promise<unknown>): GossipResumes {
  const unfinished = new Subject<Unfinished>()
  const waiting = new Set<string>()
  const allowances = new RecentMap<string, Allowance>(MOST_RESUMED)
  /** Ms until it is asked again. */
  const waitMs = ({ id, hasRoom }: Unfinished): number => {
    const taken = takeOne(allowances.get(id) ?? fullAllowance(RESUMES, clock.now()), RESUMES, clock.now())
    allowances.set(id, taken.allowance)
    return Math.max(hasRoom ? GOSSIP_RESUME : GOSSIP_RESUME_FULL, taken.waitMs)
  }
  return {
    add: (one) => unfinished.next(one),
    runs$: unfinished.pipe(
      filter(({ id }) => !waiting.has(id)),
      mergeMap((one) => {
        const { address, id } = one
        waiting.add(id)
        return timer(waitMs(one), clockScheduler(clock)).pipe(
          mergeMap(() => {
            waiting.delete(id)
            return exchange(address, id)
          }),
        )
      }),
    ),
  }
}
