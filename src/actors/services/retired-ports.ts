// Ports and domains of this node's own at which its services are not announced any more: they stay open for their users, as a tunnel that
// retires does, and are taken back where they are needed again.
import type { ServiceSpec } from '../../answers.ts'
import type { Clock } from '../../ports.ts'
import type { Came, OwnPort } from './own-ports.ts'
import { createRetirement } from './retirement.ts'

/** A port that may change hands. `hears.listener` is told who comes there; null: nobody is. */
export interface HeldPort {
  readonly own: OwnPort
  readonly hears: { listener: Came | null }
}

interface RetiredPortsNeeds {
  readonly clock: Clock
  /** Users have so long to end their connections. */
  readonly patienceMs: number
  readonly onBug: (error: unknown) => void
}

export function createRetiredPorts({ clock, patienceMs, onBug }: RetiredPortsNeeds) {
  const all = new Map<ServiceSpec, { readonly held: HeldPort; readonly callOff: () => void }>()
  const take = (spec: ServiceSpec): HeldPort | null => {
    const one = all.get(spec)
    all.delete(spec)
    one?.callOff()
    return one?.held ?? null
  }
  const end = (spec: ServiceSpec): void => {
    take(spec)?.own.close().catch(onBug)
  }
  return {
    put: (spec: ServiceSpec, held: HeldPort): void => {
      held.hears.listener = null
      const { begin, callOff } = createRetirement({ clock, patienceMs, users: held.own.users, ended: () => end(spec) })
      all.set(spec, { held, callOff })
      begin()
    },
    /** It does not retire any more; null where there is none for that service. */
    take,
    /** A service that is not exposed any more leaves nothing open. */
    drop: (name: string): void => {
      for (const spec of [...all.keys()]) if (spec.name === name) end(spec)
    },
    close: (): void => {
      for (const spec of [...all.keys()]) end(spec)
    },
  }
}
