// Where this node is among the others: its coordinate, which each ping of a peer that tells its own moves a little. It goes out with
// every answer to a ping, and, when it has settled somewhere else, with the node's signed word.
import { type Coordinate, isElsewhere, moved, type Placed, UNPLACED } from '../../domain/coordinates.ts'
import { PLACE_FIRST, PLACE_PERIOD } from '../../domain/timings.ts'
import type { Clock, Random } from '../../ports.ts'
import type { OwnRecord } from './own-record.ts'

export interface Places {
  /** Now. */
  own(): Coordinate
  /** A peer that says it is there was timed. */
  sampled(other: Coordinate, rttMs: number): void
}

interface PlaceNeeds {
  readonly clock: Pick<Clock, 'now'>
  readonly random: Random
  readonly own: Pick<OwnRecord, 'place' | 'settle'>
  /** Says this node's word anew. */
  readonly say: () => void
}

export function createPlaces({ clock, random, own, say }: PlaceNeeds): Places {
  const draws = random.fork('places')
  let placed: Placed = UNPLACED
  let nextMs = clock.now() + PLACE_FIRST
  return {
    own: () => placed,
    sampled: (other, rttMs) => {
      placed = moved(placed, other, rttMs, draws.fraction)
      if (clock.now() < nextMs || !isElsewhere(own.place(), placed)) return
      nextMs = clock.now() + PLACE_PERIOD
      own.settle(placed)
      say()
    },
  }
}
