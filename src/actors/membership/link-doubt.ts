// Whether this node's own link is in doubt, by what its pings come to, and who is asked because of it.
import { type Observable, Subject } from 'rxjs'
import { type IpTable, isProven } from '../../domain/ip-table.ts'
import { afterAnswer, afterForgetting, afterSilence, NOT_ISOLATED } from '../../domain/isolation.ts'
import { PROBES_AT_ONCE } from '../../domain/timings.ts'
import type { Clock, Random } from '../../ports.ts'
import type { Health } from '../health.ts'
import type { Pinged } from './peer-ping.ts'

export interface LinkDoubt {
  isDoubted(): boolean
  /** What a ping of that row came to; not of this node's own row. */
  judge(key: string, pinged: Pick<Pinged, 'burst'>): void
  forget(key: string): void
  /** True from when this node's own link is in doubt, false when somebody answers again. */
  readonly isolated$: Observable<boolean>
}

interface LinkDoubtNeeds {
  readonly clock: Pick<Clock, 'now'>
  readonly draws: Random
  readonly table: () => IpTable
  readonly self: string
  readonly health: Health
  /** Pings a row now. */
  readonly ask: (key: string) => void
  /** Pings one that was silent, but not over and over where the doubt comes and goes. */
  readonly askAgain: (key: string) => void
}

export function createLinkDoubt({ clock, draws, table, self, health, ask, askAgain }: LinkDoubtNeeds): LinkDoubt {
  const isolated = new Subject<boolean>()
  let isolation = NOT_ISOLATED
  const listedCount = (): number =>
    table().listed.size - table().told.size - ((table().rows.get(self)?.state ?? 'unknown') === 'unknown' ? 0 : 1)

  const learn = (next: typeof isolation): void => {
    const [was, is] = [isolation.sinceMs !== null, next.sinceMs !== null]
    isolation = next
    if (was === is) return
    health.set(
      'isolated',
      is ? { level: 'error', text: 'nobody answers: this node may be cut off itself', fix: 'Check the network of this machine.' } : null,
    )
    isolated.next(is)
    if (is) askOthers()
    else for (const key of [...table().suspects]) askAgain(key)
  }
  /** Those who were not silent yet say at once whether it is this node's link: where most peers die one that lives is soon heard. */
  const askOthers = (): void => {
    const others: string[] = []
    for (const { key, state, told } of table().listed.values())
      if (state === 'alive' && told === undefined && key !== self && !isolation.silent.has(key)) others.push(key)
    const first = Math.floor(draws.fraction() * others.length)
    for (const key of [...others.slice(first), ...others.slice(0, first)].slice(0, PROBES_AT_ONCE)) ask(key)
  }
  return {
    isDoubted: () => isolation.sinceMs !== null,
    judge: (key, { burst }) => {
      if (burst.type === 'answered' || burst.refused) return learn(afterAnswer(isolation))
      const row = table().rows.get(key)
      // Whom others can't reach either says nothing of this node's link.
      if (row === undefined || !isProven(row) || (row.suspicion?.by.length ?? 0) > 0) return
      learn(afterSilence(isolation, key, listedCount(), clock.now()))
    },
    forget: (key) => learn(afterForgetting(isolation, key)),
    isolated$: isolated.asObservable(),
  }
}
