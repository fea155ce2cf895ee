// The beginning and the end of a node: what is opened before its machine starts, and what is ended in which order.
import type { AnyActor } from 'xstate'
import type { MoonwalkNode } from '../../answers.ts'
import type { News } from '../../feed/news.ts'
import type { Clock } from '../../ports.ts'
import type { LeaseFile } from '../carrying/lease-file.ts'
import type { TrafficRates } from '../carrying/traffic-rates.ts'
import type { TurnServer } from '../carrying/turn-server-actor.ts'
import type { Connect } from '../connect/connect.ts'
import type { History } from '../history/history.ts'
import type { Gossip } from '../membership/gossip.ts'
import type { OwnRecord } from '../membership/own-record.ts'
import type { SpendingFile } from '../membership/spending-file.ts'
import type { TableFile } from '../membership/table-file.ts'
import type { Services } from '../services/services.ts'
import type { ExternalFrps } from '../turn/external-frps.ts'
import type { Drain } from './drain.ts'
import type { Entrances } from './entrances.ts'
import type { OperatorChanges } from './operator-changes.ts'

interface LifeNeeds {
  readonly clock: Clock
  /** Ends what is under way with peers. */
  readonly ending: AbortController
  readonly own: OwnRecord
  readonly file: TableFile
  readonly operatorChanges: OperatorChanges
  readonly leases: LeaseFile
  readonly spending: SpendingFile
  readonly history: Pick<History, 'start' | 'close'>
  readonly entrances: Entrances
  readonly gossip: Pick<Gossip, 'spread'>
  readonly drain: Pick<Drain, 'beforeEnd'>
  /** The node's machine. */
  readonly actor: AnyActor
  readonly rates: TrafficRates
  readonly services: Pick<Services, 'meters' | 'start' | 'stop'>
  readonly turnServer: Pick<TurnServer, 'meters' | 'close'>
  readonly external: Pick<ExternalFrps, 'stop'>
  readonly connect: Pick<Connect, 'close'>
  readonly publish: (news: News) => void
  readonly onBug: (error: unknown) => void
}

/** Peers that are told goodbye. */
const FAREWELLS = 8
const FAREWELL_TIMEOUT = 500
/** Clients have so long to be carried elsewhere; all ends fit into 5 s, as supervisors expect. */
const DRAIN_TIMEOUT = 1_200
const CLOSE_TIMEOUT = 2_500

export const createLife = (needs: LifeNeeds): Pick<MoonwalkNode, 'start' | 'stop'> => ({
  start: () => begin(needs),
  stop: () => end(needs),
})

async function begin(needs: LifeNeeds): ReturnType<MoonwalkNode['start']> {
  const { leases, spending, entrances, file, operatorChanges, history, actor, services, rates, turnServer } = needs
  // Before a client can come.
  await leases.read()
  // Before a test can be asked for.
  await spending.read()
  const opened = await entrances.open()
  if (opened.type === 'refused') return opened
  await file.read()
  await operatorChanges.read()
  await history.start()
  needs.publish({ type: 'node.listening', address: opened.listen })
  actor.subscribe({ error: needs.onBug })
  actor.start()
  services.start()
  rates.start(() => [...services.meters(), ...turnServer.meters()])
  return { type: 'started', listen: opened.listen }
}

async function end(needs: LifeNeeds): Promise<void> {
  const { clock, own, gossip, actor, entrances, file, operatorChanges, history, leases, spending, turnServer } = needs
  await needs.drain.beforeEnd(DRAIN_TIMEOUT)
  if (own.address() !== null) await within(clock, FAREWELL_TIMEOUT, gossip.spread({ records: [own.farewell()] }, FAREWELLS))
  actor.send({ type: 'node.stop' })
  actor.stop()
  needs.services.stop()
  needs.external.stop()
  needs.connect.close()
  needs.rates.stop()
  // What clients had is away once they are gone, and then it is written.
  const clientsGone = async (): Promise<void> => {
    await turnServer.close()
    await leases.close()
  }
  await within(
    clock,
    CLOSE_TIMEOUT,
    Promise.all([entrances.close(), clientsGone(), file.close(), spending.close(), operatorChanges.close(), history.close()]),
  )
  // Last, since a call that is cut short must not count as a peer's silence in what is written.
  needs.ending.abort()
  needs.publish({ type: 'node.stopped' })
}

/** Waits for the work, but not longer. */
function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(resolve, ms)
    work.then(() => {
      clock.clearTimeout(timer)
      resolve()
    }, reject)
  })
}
