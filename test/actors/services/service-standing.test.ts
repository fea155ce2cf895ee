// How a service stands as a whole, from how it stands at each of its carriers.
import { expect, test } from 'vitest'
import type { Carrier } from '../../../src/actors/services/carrier.ts'
import { bestOf, type PlaceStanding, type Told, waitingFor } from '../../../src/actors/services/service-standing.ts'
import type { ServiceSpec } from '../../../src/answers.ts'

const WEB: ServiceSpec = { name: 'web', kind: 'tcp', local: '127.0.0.1:3000', domain: null }
const carrier = (name: string): Carrier => ({
  key: name,
  name,
  isOnlyWay: true,
  open: () => {
    throw new Error('nothing is opened')
  },
})
const up = (name: string, provenAtMs: number): PlaceStanding => ({
  ...waitingFor(WEB),
  at: carrier(name),
  phase: 'up',
  public: `${name}:1`,
  sinceMs: 1,
  provenAtMs,
})
const opening = (name: string): PlaceStanding => ({ ...waitingFor(WEB), at: carrier(name), phase: 'opening' })

test.each<[string, readonly PlaceStanding[], Told | undefined, string]>([
  ['nobody carries it', [], undefined, 'waiting null'],
  ['it is up at the first', [up('a', 5), up('b', 5)], undefined, 'up a:1'],
  ['it is up at the second alone', [opening('a'), up('b', 5)], undefined, 'up b:1'],
  ['it is up nowhere', [opening('a'), opening('b')], undefined, 'opening null'],
  ['the first was told, and its proof is old', [up('a', 5), up('b', 5)], { public: 'a:1', sinceMs: 10 }, 'up a:1'],
  ['the first has gone, and the proof of the second counts', [up('b', 12)], { public: 'a:1', sinceMs: 10 }, 'up b:1'],
  ['the first has gone, and the proof of the second is old', [up('b', 5)], { public: 'a:1', sinceMs: 10 }, 'proving null'],
  ['only the last was proven lately', [up('a', 5), up('b', 5), up('c', 12)], { public: null, sinceMs: 10 }, 'up c:1'],
])('%s: it stands so', (_, places, told, expected) => {
  const { phase, public: at } = bestOf(WEB, places, null, told)
  expect(`${phase} ${at}`).toEqual(expected)
})
