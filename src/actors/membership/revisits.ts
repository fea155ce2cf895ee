// A removed row is visited again now and then by this node itself, so that the two halves of a healed partition find each
// other although neither holds a row of the other any more.
import { backoffMs } from '../../domain/backoff.ts'
import type { Change } from '../../domain/ip-table.ts'
import { keyOf, type PeerRecord } from '../../domain/record.ts'
import { REVISIT_FIRST, REVISIT_FOR, REVISIT_LAST } from '../../domain/timings.ts'
import type { Ports } from '../../ports.ts'

interface Lost {
  readonly record: PeerRecord
  readonly sinceMs: number
  attempt: number
  timer: unknown
}

/** Remembered at the most; the oldest makes room. */
const MAX_LOST = 256

export function createRevisits({
  clock,
  random,
  visit,
  onBug,
}: Pick<Ports, 'clock' | 'random'> & {
  readonly visit: (record: PeerRecord) => Promise<void>
  readonly onBug: (error: unknown) => void
}) {
  const lost = new Map<string, Lost>()
  const forget = (key: string): void => {
    clock.clearTimeout(lost.get(key)?.timer)
    lost.delete(key)
  }
  const plan = (key: string, one: Lost): void => {
    if (clock.now() - one.sinceMs > REVISIT_FOR) return forget(key)
    const again = async (): Promise<void> => {
      await visit(one.record)
      if (lost.get(key) !== one) return
      one.attempt++
      plan(key, one)
    }
    one.timer = clock.setTimeout(() => void again().catch(onBug), backoffMs(one.attempt, REVISIT_FIRST, REVISIT_LAST, random.fraction()))
  }
  return {
    /** To be told of every change of the table. */
    noticed(change: Change): void {
      const { row } = change
      if (change.type === 'added' || change.type === 'changed' || (change.type === 'removed' && change.why === 'it said goodbye'))
        return forget(row.key)
      // Whom this node has never reached it does not look for.
      if (change.type !== 'removed' || row.lastProofMs === null) return
      forget(row.key)
      const [oldest] = lost.keys()
      if (lost.size >= MAX_LOST && oldest !== undefined) forget(oldest)
      const one: Lost = { record: row.record, sinceMs: clock.now(), attempt: 0, timer: null }
      lost.set(keyOf(row.record), one)
      plan(row.key, one)
    },
    forget,
    stop(): void {
      for (const key of [...lost.keys()]) forget(key)
    },
  }
}
