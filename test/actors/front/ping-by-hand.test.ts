import { expect, test } from 'vitest'
import { pingByHand } from '../../../src/actors/front/ping-by-hand.ts'
import type { Pinged } from '../../../src/actors/membership/peer-ping.ts'

const untimed: Pinged = { burst: { type: 'answered', rttMs: null, roughMs: 40 }, by: null, samplesMs: [], discarded: 6, connectMs: 1 }
const timed: Pinged = { ...untimed, burst: { type: 'answered', rttMs: 2 }, samplesMs: [2.00004, 3], discarded: 1, connectMs: null }

const ASH = { peer: 'ash', address: '192.0.2.1:8088', key: 'ash' }
const play = (answers: readonly Pinged[], connectMs: number | null = null) => {
  const left = [...answers]
  return pingByHand({ byHand: async () => left.shift() ?? untimed }, { ...ASH, connectMs })
}

test('where this machine was too busy to time any answer it is asked again, and what was thrown away is told', async () =>
  expect(await play([untimed, timed])).toEqual({
    ...{ schemaVersion: 1, rttMs: 2, samples: [2, 3] },
    ...{ discarded: 7, isLoaded: false, connectMs: 1, via: null },
  }))

test('after three times the least of what was late is told as a rough figure', async () =>
  expect(await play([untimed, { ...untimed, burst: { type: 'answered', rttMs: null, roughMs: 30 } }, untimed, timed])).toEqual({
    ...{ schemaVersion: 1, rttMs: 30, samples: [30], isRough: true },
    ...{ discarded: 17, isLoaded: false, connectMs: 1, via: null },
  }))

test('where nothing at all was timed that is said', async () => {
  const blind: Pinged = { ...untimed, burst: { type: 'answered', rttMs: null } }
  expect(await play([blind, blind, blind])).toEqual({
    type: 'refused',
    text: 'ash answers, but this machine was too busy to time it; try again',
  })
})

test('over a warm connection the last known handshake is told', async () =>
  expect(await play([timed], 0.70004)).toEqual({
    ...{ schemaVersion: 1, rttMs: 2, samples: [2, 3] },
    ...{ discarded: 1, isLoaded: false, connectMs: 0.7, via: null },
  }))
