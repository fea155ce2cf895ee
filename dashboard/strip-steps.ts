// The way of the node so far, from its start to being reached, in plain words.
import { stateWords } from '../src/feed/standing.ts'

export interface Step {
  /** The state of the node's machine. */
  readonly state: string
  readonly words: string
  readonly mark: 'done' | 'now' | 'ahead'
}

/** What each step is called before and after; while it lasts, `stateWords` says it. */
const BEGINNING = [
  ['bootstrapping', 'Find the network', 'Network found'],
  ['discovering', 'Ask around', 'Asked around'],
  ['probing', 'Measure', 'Measured'],
] as const
const DIRECT = [['serving', 'Be reached', 'Reached']] as const
const TUNNELLED = [
  ['selectingTurn', 'Choose a TURN', 'TURN chosen'],
  ['tunnelling', 'Be reached', 'Reached'],
] as const

/** `state`: a path, such as `tunnelling.up`. Empty where it is none of this way's. */
export function stripSteps(state: string, turn: string | null): readonly Step[] {
  const [first = ''] = state.split('.')
  const steps = [...BEGINNING, ...(first === 'selectingTurn' || first === 'tunnelling' ? TUNNELLED : DIRECT)]
  // It decides for an instant, between measuring and what follows.
  const now = steps.findIndex(([name]) => name === (first === 'deciding' ? 'probing' : first))
  if (now < 0) return []
  return steps.map(([name, before, after], i) =>
    i < now
      ? { state: name, words: after, mark: 'done' }
      : i > now
        ? { state: name, words: before, mark: 'ahead' }
        : { state, words: stateWords(state, turn), mark: 'now' },
  )
}
