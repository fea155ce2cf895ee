import type { Closeness } from '../../domain/closeness.ts'
import type { Lane } from '../../ports.ts'
import type { PeerCalls } from './peer-calls.ts'
import type { Pinged } from './peer-ping.ts'

/** Pings an address, or takes the answer of the ping that is under way to it, where that says as much. */
export type SharedPings = (address: string, lane: Lane, closeness: Closeness) => Promise<Pinged>

const DEGREES: readonly Closeness[] = ['look', 'burst', 'thorough']

/**
 * Two rows may hold one address for a moment: it is asked once, and the
 * outcome goes to both. An address is not asked twice at once.
 */
export function createSharedPings({ ping }: Pick<PeerCalls, 'ping'>): SharedPings {
  const underWay = new Map<string, { readonly pinged: Promise<Pinged>; readonly closeness: Closeness }>()
  return (address, lane, closeness) => {
    const flight = `${lane} ${address}`
    const other = underWay.get(`${lane === 'clear' ? 'channel' : 'clear'} ${address}`)
    if (other !== undefined && lane === 'clear') return other.pinged // it says more
    const known = underWay.get(flight)
    if (known !== undefined && DEGREES.indexOf(known.closeness) >= DEGREES.indexOf(closeness)) return known.pinged
    const before = known ?? other
    const begun = before === undefined ? ping(address, lane, closeness) : before.pinged.then(() => ping(address, lane, closeness))
    const pinged = begun.finally(() => {
      if (underWay.get(flight)?.pinged === pinged) underWay.delete(flight)
    })
    underWay.set(flight, { pinged, closeness })
    return pinged
  }
}
