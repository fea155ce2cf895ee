import { expect, test } from 'vitest'
import { pushesFor } from '../../src/domain/push-plan.ts'

test.each([
  [0, 1],
  [4, 1],
  [9, 2],
  [99, 3],
  [999, 3],
  [9_999, 4],
  [99_999, 5],
])('among %d peers a new word is pushed %d times', (peers, pushes) => expect(pushesFor(peers)).toEqual(pushes))
