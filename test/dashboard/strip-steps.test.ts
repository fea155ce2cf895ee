import { expect, test } from 'vitest'
import { stripSteps } from '../../dashboard/strip-steps.ts'

const shown = (state: string) =>
  stripSteps(state, 'cedar').map(({ words, mark }) => `${words}${mark === 'done' ? ' ✓' : mark === 'now' ? ' •' : ''}`)

test.each([
  ['bootstrapping', ['Looking for the network •', 'Ask around', 'Measure', 'Be reached']],
  ['deciding', ['Network found ✓', 'Asked around ✓', 'Deciding how to be reached •', 'Be reached']],
  ['serving', ['Network found ✓', 'Asked around ✓', 'Measured ✓', 'Listening for others •']],
  ['selectingTurn', ['Network found ✓', 'Asked around ✓', 'Measured ✓', 'Looking for a TURN •', 'Be reached']],
  ['tunnelling.down', ['Network found ✓', 'Asked around ✓', 'Measured ✓', 'TURN chosen ✓', 'Opening a tunnel through cedar •']],
  ['tunnelling.up', ['Network found ✓', 'Asked around ✓', 'Measured ✓', 'TURN chosen ✓', 'Reached through cedar •']],
  ['stopped', []],
])('the way so far in %s', (state, expected) => expect(shown(state)).toEqual(expected))
