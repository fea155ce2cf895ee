// The end of what nothing is announced at any more, a tunnel or a port of this node's own: once its users are gone, or have had their time.
import { RETIRE_GRACE } from '../../domain/timings.ts'
import type { Clock } from '../../ports.ts'

interface RetirementNeeds {
  readonly clock: Clock
  readonly patienceMs: number
  /** Connections of users that are open now, and services that are up nowhere else. */
  readonly users: () => number
  /** Called once; `why`: as a clause. */
  readonly ended: (why: string) => void
}

/** How often it is looked whether anybody is left. */
const LOOK = 1_000

/** The ports stay open meanwhile: whoever heard of the old address a moment ago is served there as well. */
export function createRetirement({ clock, patienceMs, users, ended }: RetirementNeeds) {
  let timer: unknown = null
  let endsAtMs = Number.POSITIVE_INFINITY
  const look = (): void => {
    if (users() === 0) return ended('its users are gone')
    if (clock.now() >= endsAtMs) return ended('its users have had their time')
    timer = clock.setTimeout(look, Math.min(LOOK, endsAtMs - clock.now()))
  }
  return {
    begin: (): void => {
      endsAtMs = clock.now() + Math.max(RETIRE_GRACE, patienceMs)
      timer = clock.setTimeout(look, RETIRE_GRACE)
    },
    callOff: (): void => clock.clearTimeout(timer),
  }
}
