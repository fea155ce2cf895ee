import { expect, test } from 'vitest'
import { pingByHand } from '../../../src/actors/front/ping-by-hand.ts'
import type { Pinged } from '../../../src/actors/membership/peer-ping.ts'

const untimed: Pinged = { burst: { type: 'answered', rttMs: null, roughMs: 40 }, by: null, samplesMs: [], discarded: 6, connectMs: 1 }
const timed: Pinged = { ...untimed, burst: { type: 'answered', rttMs: 2 }, samplesMs: [2.00004, 3], discarded: 1, connectMs: null }

const play = (answers: readonly Pinged[]) => {
  const left = [...answers]
  return pingByHand({ byHand: async () => left.shift() ?? untimed }, 'ash', '192.0.2.1:8088', 'ash')
}

test('where this machine was too busy to time any answer it is asked again, and what was thrown away is told', async () =>
  expect(await play([untimed, timed])).toEqual({
    ...{ schemaVersion: 1, rttMs: 2, samples: [2, 3] },
    ...{ discarded: 7, isLoaded: false, connectMs: null, via: null },
  }))

test('after three times it is given up', async () =>
  expect(await play([untimed, untimed, untimed, timed])).toEqual({
    type: 'refused',
    text: 'ash answers, but this machine was too busy to time it; try again',
  }))
