// What this node's TURN keeps for its clients, over a restart of the node: ports, names and domains are theirs for a day, whatever
// becomes of the TURN meanwhile.
import { LEASES_PERIOD } from '../../domain/timings.ts'
import type { Clock, Store } from '../../ports.ts'
import type { Health } from '../health.ts'
import { createWriteBehind } from '../write-behind.ts'
import type { TurnServer } from './turn-server-actor.ts'

export interface LeaseFile {
  /** Gives the TURN what was kept. Before its first client. */
  read(): Promise<void>
  /** Writes what is not on disk yet and ends. */
  close(): Promise<void>
}

interface LeaseFileNeeds {
  readonly clock: Clock
  readonly store: Pick<Store, 'readLeases' | 'writeLeases'>
  readonly turnServer: Pick<TurnServer, 'leases$' | 'keptLeases' | 'restoreLeases'>
  readonly health: Pick<Health, 'set'>
  readonly onBug: (error: unknown) => void
}

export function createLeaseFile({ clock, store, turnServer, health, onBug }: LeaseFileNeeds): LeaseFile {
  const write: Parameters<typeof createWriteBehind>[0]['write'] = async () => {
    const wallMs = clock.wallMs()
    const failure = await store.writeLeases(
      turnServer.keptLeases().map(({ awayMs, ...lease }) => ({ ...lease, awaySinceMs: Math.round(wallMs - awayMs) })),
    )
    health.set('leases', failure === null ? null : { level: 'warn', text: failure.text, fix: failure.fix })
    return failure
  }
  const behind = createWriteBehind({ clock, periodMs: LEASES_PERIOD, write, onBug })
  return {
    read: async () => {
      const leases = await store.readLeases()
      const wallMs = clock.wallMs()
      // A clock that was set back makes nobody's absence negative.
      turnServer.restoreLeases(leases.map(({ awaySinceMs, ...lease }) => ({ ...lease, awayMs: Math.max(0, wallMs - awaySinceMs) })))
      turnServer.leases$.subscribe(behind.changed)
    },
    close: behind.close,
  }
}
