// What the parts of a node stand on: time, chance and state, of one node called `me` that listens on port 8088.
import { createHealth } from '../../src/actors/health.ts'
import { createOwnRecord } from '../../src/actors/membership/own-record.ts'
import { createTableKeeper } from '../../src/actors/membership/table-keeper.ts'
import { merge, recordBurst } from '../../src/domain/ip-table.ts'
import { keyOf, type PeerRecord } from '../../src/domain/record.ts'
import type { News } from '../../src/feed/news.ts'
import type { Clock, Identity, Random } from '../../src/ports.ts'
import { fixedChance } from '../sim/fixed-chance.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'
import { newIdentity } from '../v2/identities.ts'

interface Wanted {
  readonly clock?: VirtualClock
  /** Default: every interval is as long as its period. */
  readonly random?: Random
  readonly advertise?: string | null
  readonly offersTurn?: boolean
  /** Null: it listens nowhere. */
  readonly port?: number | null
  readonly identity?: Identity
}

export function stateParts({
  clock = new VirtualClock(),
  random = fixedChance(0.5),
  advertise = null,
  offersTurn = true,
  port = 8_088,
  identity = newIdentity(),
}: Wanted = {}) {
  let aheadMs = 0
  const time: Clock = {
    now: clock.now,
    wallMs: () => clock.wallMs() + aheadMs,
    setTimeout: clock.setTimeout,
    clearTimeout: clock.clearTimeout,
    busyMs: clock.busyMs,
    waitedShare: clock.waitedShare,
  }
  const news: News[] = []
  const publish = (one: News): void => {
    news.push(one)
  }
  const keeper = createTableKeeper({ clock: time, self: identity.id, publish })
  const own = createOwnRecord({ clock: time, identity, random }, { name: 'me', offersTurn, advertise })
  if (port !== null) own.setListening({ host: '0.0.0.0', port })
  const health = createHealth()
  const hear = (record: PeerRecord): void => void keeper.apply((table, wallMs) => merge(table, [record], wallMs))
  return {
    clock,
    random,
    identity,
    news,
    publish,
    keeper,
    own,
    health,
    /** Put into the table, not proven yet. */
    hear,
    /** Put into the table, and proven by a ping of 5 ms. */
    prove: (record: PeerRecord): void => {
      hear(record)
      keeper.apply((table, wallMs) => recordBurst(table, keyOf(record), { type: 'answered', rttMs: 5 }, wallMs))
    },
    /** The clock as a port. */
    time,
    /** Its wall time moves on alone, so that days need not be lived through. */
    leap: (ms: number): void => {
      aheadMs += ms
    },
    onBug: (error: unknown): void => clock.crash(error),
  }
}
