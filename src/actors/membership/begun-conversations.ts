// The conversations that this node has begun and that are not over. One connection is kept to each peer: a second conversation with it at the
// same time needs a handshake for its own, and then the first one does for its next message.
import type { Row } from '../../domain/ip-table.ts'
import { GOSSIP_LATE } from '../../domain/timings.ts'
import type { Clock } from '../../ports.ts'
import type { Conversations, Heard, Said } from './conversations.ts'

export interface BegunConversations {
  /** At once: for what must not wait. */
  readonly begin: Conversations['begin']
  /**
   * Once no other with that address is under way, or that one takes longer than `GOSSIP_LATE`: a handshake beside it is no slower then. `said` is
   * asked for when it begins.
   */
  beginAlone(address: string, id: string | null, said: () => Said, isTold: boolean): Promise<Heard>
  /** This node has begun a conversation with it that is not over. */
  isSpokenTo(row: Row): boolean
}

/** A timer of Node may end so much early, and what is left of the wait is none. */
const LEAST_WAIT_MS = 1

export function createBegunConversations(clock: Clock, converse: Conversations['begin']): BegunConversations {
  /** By address, those that are under way: since when the first of them, and when all of them are over. */
  const begun = new Map<string, { readonly sinceMs: number; readonly over: Promise<unknown> }>()
  const overOrLate = (over: Promise<unknown>, ms: number): Promise<void> =>
    new Promise((resolve) => {
      const late = clock.setTimeout(resolve, ms)
      over.then(() => {
        clock.clearTimeout(late)
        resolve()
      })
    })

  const begin: Conversations['begin'] = (address, ...rest) => {
    const heard = converse(address, ...rest)
    const before = begun.get(address)
    const one = { sinceMs: before?.sinceMs ?? clock.now(), over: Promise.allSettled([heard, before?.over]) }
    begun.set(address, one)
    one.over.then(() => {
      if (begun.get(address) === one) begun.delete(address)
    })
    return heard
  }
  return {
    begin,
    isSpokenTo: ({ record }) => begun.has(record.address),
    beginAlone: async (address, id, said, isTold) => {
      const startMs = clock.now()
      // Others may have waited for the same one, and begin first.
      for (let other = begun.get(address); other !== undefined; other = begun.get(address)) {
        const leftMs = Math.min(startMs, other.sinceMs) + GOSSIP_LATE - clock.now()
        if (leftMs < LEAST_WAIT_MS) break
        await overOrLate(other.over, leftMs)
      }
      return begin(address, id, said(), isTold)
    },
  }
}
