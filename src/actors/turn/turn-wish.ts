// Which TURNs are the best, as it is now: what a person pinned on the running node goes before what it was started with.
import { Subject } from 'rxjs'
import { preferenceWith, type TurnPreference } from '../../domain/turn-choice.ts'

export interface TurnWish {
  preference(): TurnPreference
  /** What a person pinned, the best first: keys of candidates. */
  pins(): readonly string[]
  /** In place of those before; none: as the node was started. */
  pin(keys: readonly string[]): void
  readonly changes$: Subject<void>
}

export function createTurnWish(started: TurnPreference): TurnWish {
  const changes$ = new Subject<void>()
  let pins: readonly string[] = []
  return {
    preference: () => preferenceWith(started, pins),
    pins: () => pins,
    pin: (keys) => {
      pins = keys
      changes$.next()
    },
    changes$,
  }
}
