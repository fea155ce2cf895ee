// Membership: joining, learning, proving, measuring and forgetting, for as long as the node lives.
import { defer, EMPTY, from, map, merge, mergeMap, type Observable } from 'rxjs'
import { type EventObject, fromCallback } from 'xstate'
import { isCrowded } from '../../domain/crowded.ts'
import { CROWDED_REST } from '../../domain/timings.ts'
import type { MembershipFact } from '../../machines/node-machine.ts'
import type { Clock } from '../../ports.ts'
import type { Announcer } from './announcer.ts'
import type { FirstLooks } from './first-looks.ts'
import type { Gossip } from './gossip.ts'
import type { Joining } from './joining.ts'
import type { OwnRecord } from './own-record.ts'
import type { P2prcExchange } from './p2prc-exchange.ts'
import type { Prober } from './prober.ts'
import type { Reach } from './reach.ts'
import type { SilentPeers } from './silent-peers.ts'
import type { TableKeeper } from './table-keeper.ts'
import type { TwinWatch } from './twin-watch.ts'
import type { Vouching } from './vouching.ts'

interface MembershipNeeds {
  readonly clock: Pick<Clock, 'waitedShare'>
  readonly keeper: TableKeeper
  readonly own: OwnRecord
  readonly prober: Prober
  readonly vouching: Vouching
  readonly firstLooks: FirstLooks
  readonly gossip: Gossip
  readonly silentPeers: SilentPeers
  readonly p2prc: P2prcExchange
  readonly speedTests$: Observable<unknown>
  readonly reach: Reach
  readonly joining: Joining
  readonly announcer: Announcer
  readonly twins: TwinWatch
  readonly onBug: (error: unknown) => void
}

/** Runs the parts of membership and tells the node's machine what it must know. */
export const createMembershipActor = (needs: MembershipNeeds) =>
  fromCallback<EventObject, undefined>(({ sendBack }) => {
    const {
      clock,
      keeper,
      own,
      prober,
      vouching,
      firstLooks,
      gossip,
      silentPeers,
      p2prc,
      speedTests$,
      reach,
      joining,
      announcer,
      twins,
      onBug,
    } = needs
    const reachFacts$ = reach.verdicts$.pipe(map((verdict): MembershipFact => ({ type: 'reach.told', verdict })))
    const running = merge(joining.facts$, reachFacts$).subscribe({ next: (fact) => sendBack(fact), error: onBug })
    announcer.start()
    reach.start()
    running.add(
      merge(
        prober.runs$,
        gossip.runs$,
        reach.runs$,
        joining.runs$,
        speedTests$,
        p2prc.runs$,
        followed$({ clock, keeper, own, prober, vouching }),
        vouching.runs$,
        firstLooks.runs$,
        silentPeers.runs$,
        gossip.ownWords$.pipe(map(({ word, envelope }) => twins.heard(word, envelope, null))),
        // Whoever was cut off tells everybody at once that it is back, and asks what it missed.
        prober.isolated$.pipe(mergeMap((isolated) => (isolated ? EMPTY : gossip.spread({}, REUNION)))),
      ).subscribe({ error: onBug }),
    )
    joining.start()
    return () => {
      running.unsubscribe()
      joining.stop()
      twins.stop()
      reach.stop()
      announcer.stop()
    }
  })

/** Peers asked at once by a node whose link is back. */
const REUNION = 4

/** What a change of the table asks of the prober. */
function followed$({
  clock,
  keeper,
  own,
  prober,
  vouching,
}: Pick<MembershipNeeds, 'clock' | 'keeper' | 'own' | 'prober' | 'vouching'>): Observable<unknown> {
  // The port is open before the machine runs: whom peers told of meanwhile nobody has looked at.
  const early$ = defer(() => from([...keeper.current().rows.keys()])).pipe(map((key) => prober.ensure(key)))
  const changed$ = keeper.changes$.pipe(
    map((change) => {
      const { type, row } = change
      if ('formerKey' in change && change.formerKey !== undefined) prober.forget(change.formerKey)
      if (type === 'heard') vouching.heard(row)
      // A row known by its address has got an id, and with it another key.
      if (type === 'changed' && row.state === 'unknown' && row.record.id !== null) vouching.saidMore(row)
      else if (type === 'changed' && row.told === undefined && row.isUntimed !== true && row.key !== own.id) prober.ensure(row.key)
      // Its next look was planned while it was silent, and is far off.
      if (row.isUntimed && (type === 'added' || type === 'changed') && prober.isPlanned(row.key)) prober.doubt(row.key)
      if (type === 'removed' || type === 'dropped') prober.forget(row.key)
      // Whom it carries is asked freely from now on.
      if (
        row.state === 'alive' &&
        row.told === undefined &&
        (type === 'added' || type === 'changed' || (type === 'measured' && change.isFirst))
      )
        for (const key of [...keeper.current().behind(row.key)]) if (keeper.current().rows.get(key)?.state === 'unknown') prober.doubt(key)
      if (row.key === own.id && (type === 'added' || (type === 'changed' && row.latency.bursts === 0)))
        prober.lookLater(row.key, isCrowded(clock) ? CROWDED_REST : 0)
    }),
  )
  return merge(changed$, early$)
}
