// The conversations that this node has begun and that are not over. One connection is kept to each peer: a second conversation with it at the
// same time needs a handshake for its own, and then the first one does for its next message.
import type { Row } from '../../domain/ip-table.ts'
import { GOSSIP_LATE } from '../../domain/timings.ts'
import type { Clock } from '../../ports.ts'
import type { Conversations, Heard, Said } from './conversations.ts'

export interface BegunConversations {
  /** At once: for what must not wait. */
  readonly begin: Conversations['begin']
  /** Once no other with that address is under way, at the latest after `GOSSIP_LATE`. `said` is asked for when it begins. */
  beginAlone(address: string, id: string | null, said: () => Said, isTold: boolean): Promise<Heard>
  /** This node has begun a conversation with it that is not over. */
  isSpokenTo(row: Row): boolean
}

export function createBegunConversations(clock: Clock, converse: Conversations['begin']): BegunConversations {
  /** The last one with each address. Settles when it is over. */
  const begun = new Map<string, Promise<void>>()

  const begin: Conversations['begin'] = (address, ...rest) => {
    const heard = converse(address, ...rest)
    const over = heard.then(
      () => {},
      () => {},
    )
    begun.set(address, over)
    over.then(() => {
      if (begun.get(address) === over) begun.delete(address)
    })
    return heard
  }
  return {
    begin,
    isSpokenTo: ({ record }) => begun.has(record.address),
    beginAlone: async (address, id, said, isTold) => {
      if (begun.has(address)) {
        const deadlineMs = clock.now() + GOSSIP_LATE
        let timer: unknown
        const late = new Promise<void>((resolve) => {
          timer = clock.setTimeout(resolve, GOSSIP_LATE)
        })
        // Others may have waited for the same one, and begin first.
        for (let other = begun.get(address); other !== undefined && clock.now() < deadlineMs; other = begun.get(address))
          await Promise.race([other, late])
        clock.clearTimeout(timer)
      }
      return begin(address, id, said(), isTold)
    },
  }
}
