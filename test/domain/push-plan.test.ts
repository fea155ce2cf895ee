import { expect, test } from 'vitest'
import { gatherFactor, pushesFor } from '../../src/domain/push-plan.ts'

test.each([
  [0, 1],
  [4, 1],
  [9, 2],
  [99, 3],
  [999, 3],
  [9_999, 4],
  [99_999, 5],
])('among %d peers a new word is pushed %d times', (peers, pushes) => expect(pushesFor(peers)).toEqual(pushes))

test.each([
  [0, 1],
  [200, 1],
  [500, 2.5],
  [800, 4],
  [100_000, 4],
])('in a table of %d rows words gather %d times as long', (rows, times) => expect(gatherFactor(rows)).toEqual(times))
