// This node as a TURN that is about to go: it takes no more clients, says so to those it has before it goes, and waits until they
// are carried elsewhere. Stock frp clients cannot be told; they are not waited for once nothing of theirs is under way.
import { filter, firstValueFrom, map, merge, type Observable, race, startWith, timer } from 'rxjs'
import type { DrainAnswer } from '../../answers.ts'
import { parseAddress } from '../../domain/address.ts'
import { addressesOf } from '../../domain/record.ts'
import type { News } from '../../feed/news.ts'
import type { Clock } from '../../ports.ts'
import { clockScheduler } from '../../streams/clock-scheduler.ts'
import type { TurnServer } from '../carrying/turn-server-actor.ts'
import type { Announcer } from '../membership/announcer.ts'
import type { Gossip } from '../membership/gossip.ts'
import type { OwnRecord } from '../membership/own-record.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'

export interface Drain {
  /**
   * Settles once every client that is moonwalk too is carried elsewhere and nothing is under way for anybody, or after `patienceMs`.
   * The node goes on answering; whoever asked ends it then.
   */
  run(patienceMs: number): Promise<DrainAnswer>
  /** The same before an end that does not wait for what is under way: at once where nobody would have anywhere to go. */
  beforeEnd(patienceMs: number): Promise<void>
}

interface DrainNeeds {
  readonly clock: Clock
  readonly own: Pick<OwnRecord, 'id' | 'address' | 'seq' | 'envelope' | 'stopOffering'>
  readonly announcer: Pick<Announcer, 'outrun'>
  readonly gossip: Pick<Gossip, 'tell'>
  readonly keeper: Pick<TableKeeper, 'current' | 'changes$'>
  readonly turnServer: Pick<TurnServer, 'stopTaking' | 'members' | 'carried' | 'departures$'>
  readonly publish: (news: News) => void
  readonly onBug: (error: unknown) => void
}

type Member = ReturnType<TurnServer['members']>[number]

/** What is under way for users is looked at this often. */
const LOOK_PERIOD = 100
/** Others hear of a client's new address within this: who looks it up meets a TURN that still carries. */
const TELLING = 300

export function createDrain({ clock, own, announcer, gossip, keeper, turnServer, publish, onBug }: DrainNeeds): Drain {
  let isBegun = false
  const scheduler = clockScheduler(clock)

  /** It says itself that it is reached elsewhere, and not at a port that it has here. */
  const hasMoved = ({ id, ports }: Member): boolean => {
    const record = keeper.current().rows.get(id)?.record
    const host = parseAddress(own.address() ?? '')?.host
    const isHere = (address: string): boolean => {
      const at = parseAddress(address)
      return at !== null && at.host === host && ports.includes(at.port)
    }
    return record !== undefined && record.via !== own.id && !addressesOf(record).some(isHere)
  }
  const staying = (): readonly Member[] => turnServer.members().filter((member) => !hasMoved(member))
  /** Somebody else who could carry them. */
  const hasSuccessor = (): boolean =>
    [...keeper.current().rows.values()].some(
      ({ key, state, record }) => key !== own.id && state === 'alive' && record.offersTurn && record.via === null,
    )
  const begin = (): void => {
    if (isBegun) return
    isBegun = true
    turnServer.stopTaking()
    own.stopOffering()
    announcer.outrun(own.seq())
    const clients = turnServer.members()
    publish({ type: 'turn.draining', clients: clients.length })
    const ids = clients.map(({ id }) => id)
    gossip.tell(own.envelope(), ids).catch(onBug)
  }
  /** True once it holds, or false when the time is over. */
  const until = (holds: () => boolean, occasions$: Observable<unknown>, patienceMs: number): Promise<boolean> =>
    firstValueFrom(
      race(
        occasions$.pipe(
          startWith(null),
          filter(holds),
          map(() => true),
        ),
        timer(patienceMs, scheduler).pipe(map(() => false)),
      ),
    )
  const moves$ = merge(keeper.changes$, turnServer.departures$)

  return {
    run: async (patienceMs) => {
      const endsAtMs = clock.now() + patienceMs
      const before = turnServer.members().length
      begin()
      await until(() => staying().length === 0, moves$, patienceMs)
      const left = Math.max(0, endsAtMs - clock.now())
      await until(() => turnServer.carried().connectionsNow === 0, timer(0, LOOK_PERIOD, scheduler), left)
      const stayed = staying().length
      return { moved: Math.max(0, before - stayed), stayed, connections: turnServer.carried().connectionsNow }
    },
    beforeEnd: async (patienceMs) => {
      if (turnServer.members().length === 0 || !hasSuccessor()) return
      begin()
      const moved = await until(() => staying().length === 0, moves$, patienceMs)
      if (moved) await firstValueFrom(timer(TELLING, scheduler))
    },
  }
}
