import { describe, expect, test } from 'vitest'
import { createActor, fromCallback, type InspectionEvent } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import type { ServiceCause } from '../../src/domain/service-cause.ts'
import { createStateWatch, pathOf } from '../../src/feed/inspection.ts'
import {
  type CarrierFact,
  type CheckFact,
  exposedServiceMachine,
  type PlaceCommand,
  type PlaceFact,
} from '../../src/machines/exposed-service-machine.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

type Fact = CarrierFact | PlaceFact | CheckFact
interface Told {
  readonly place: string[]
  readonly path: string[]
}

/** Numbers let time pass; facts come from whoever tells them. `place`: what its place lived through and was asked for. */
async function play(steps: readonly (Fact | number)[], { isWell = true, inspect = (_: InspectionEvent): void => {} } = {}) {
  const clock = new VirtualClock()
  const { place, path }: Told = { place: [], path: [] }
  const machine = exposedServiceMachine.provide({
    actors: {
      place: fromCallback<PlaceCommand, { service: string }>(({ input: { service }, receive }) => {
        place.push(`${service} opened`)
        receive(({ type }) => place.push(type))
        return () => place.push(`${service} closed`)
      }),
    },
  })
  const actor = createActor(machine, { clock, inspect, input: { service: 'web', isWell, cause: null } })
  actor.subscribe(({ value }) => {
    const state = pathOf(value).replace('carried.', '')
    if (state !== path.at(-1)) path.push(state)
  })
  actor.start()
  for (const step of steps) {
    if (typeof step === 'number') await clock.advance(step)
    else actor.send(step)
  }
  const { context } = actor.getSnapshot()
  actor.stop()
  return { path, place, context, timers: clock.timerCount }
}

const ready: Fact = { type: 'carrier.ready' }
const opened: Fact = { type: 'place.opened', address: '192.0.2.7:20000' }
const moved: Fact = { type: 'place.opened', address: '192.0.2.8:20000' }
const somewhere: Fact = { type: 'place.opened', address: null }
const TAKEN: ServiceCause = { type: 'port-taken', port: 80, at: 'cedar' }
const refused: Fact = { type: 'place.refused', cause: TAKEN }
const proven = (atMs: number): Fact => ({ type: 'place.proven', atMs })
const NOTHING: ServiceCause = { type: 'nothing-listens', local: '127.0.0.1:3000' }
const SILENT: ServiceCause = { type: 'silent', address: '192.0.2.7:20000' }
const unproven = (cause: ServiceCause): Fact => ({ type: 'place.unproven', cause })
const doubted: Fact = { type: 'place.doubted' }
const CHECK: ServiceCause = { type: 'check-failed', local: '127.0.0.1:3000', why: 'GET / was answered with 500' }
const passed: Fact = { type: 'check.passed' }
const failed: Fact = { type: 'check.failed', cause: CHECK }

const UP = [ready, opened, proven(5)]
const toUp = ['waiting', 'opening', 'proving', 'up']
const asked = ['web opened', 'place.prove']

describe('a service', () => {
  test.each<[string, readonly (Fact | number)[], readonly string[], readonly string[]]>([
    ['waits for as long as nobody carries it', [3_600_000], ['waiting'], []],
    ['is up once its place is proven', UP, toUp, [...asked, 'web closed']],
    ['is not up by being open', [ready, opened, 3_999], ['waiting', 'opening', 'proving'], [...asked, 'web closed']],
    [
      'is tried every 4 s until it is proven',
      [ready, opened, 4_000, 4_000, proven(5)],
      toUp,
      [...asked, 'place.prove', 'place.prove', 'web closed'],
    ],
    ['is renewed when it is time', [...UP, 7_000, proven(9), 7_000], toUp, [...asked, 'place.renew', 'place.renew', 'web closed']],
    ['that proves itself meanwhile is renewed later', [...UP, 5_000, proven(9), 6_999], toUp, [...asked, 'web closed']],
    ['that is doubted is proven at once', [...UP, doubted], toUp, [...asked, 'place.prove', 'web closed']],
    ['whose renewal fails goes back to proving', [...UP, unproven(NOTHING)], [...toUp, 'proving'], [...asked, 'place.prove', 'web closed']],
    ['stays up when one renewal is lost', [...UP, unproven(SILENT)], toUp, [...asked, 'place.prove', 'web closed']],
    [
      'stays up when renewals are lost now and then',
      [...UP, unproven(SILENT), proven(9), unproven(SILENT)],
      toUp,
      [...asked, 'place.prove', 'place.prove', 'web closed'],
    ],
    [
      'is down when two are lost in a row',
      [...UP, unproven(SILENT), unproven(SILENT)],
      [...toUp, 'proving'],
      [...asked, 'place.prove', 'place.prove', 'web closed'],
    ],
    [
      'whose address changes is proven anew in the same place',
      [...UP, moved, proven(9)],
      [...toUp, 'proving', 'up'],
      [...asked, 'place.prove', 'web closed'],
    ],
    [
      'whose address is lost waits for the next',
      [...UP, somewhere, 3_600_000, moved],
      [...toUp, 'opening', 'proving'],
      [...asked, 'place.prove', 'web closed'],
    ],
    [
      'that is refused is asked for again after 30 s',
      [ready, refused, 29_999, 1, opened],
      ['waiting', 'opening', 'refused', 'opening', 'proving'],
      ['web opened', 'web closed', 'web opened', 'place.prove', 'web closed'],
    ],
    [
      'that is refused is asked for at once by another carrier',
      [ready, refused, ready],
      ['waiting', 'opening', 'refused', 'opening'],
      ['web opened', 'web closed', 'web opened', 'web closed'],
    ],
    [
      'goes to another carrier by giving the place of the first back',
      [...UP, ready],
      [...toUp, 'opening'],
      [...asked, 'web closed', 'web opened', 'web closed'],
    ],
  ])('%s', async (_, steps, path, place) => {
    const lived = await play(steps)
    expect([lived.path, lived.place, lived.timers]).toEqual([path, place, 0])
  })

  test.each<[string, readonly (Fact | number)[], readonly string[]]>([
    ['is not carried before it has passed', [ready], ['waiting', 'unhealthy']],
    ['is carried as soon as it passes', [ready, passed], ['waiting', 'unhealthy', 'opening']],
    ['that passed before is carried at once', [passed, ready], ['waiting', 'opening']],
    ['that fails is taken back', [passed, ...UP, failed], [...toUp, 'unhealthy']],
    ['that passes again is opened anew', [passed, ...UP, failed, passed], [...toUp, 'unhealthy', 'opening']],
    [
      'that fails while it is refused is not asked for',
      [passed, ready, refused, failed, 60_000],
      ['waiting', 'opening', 'refused', 'unhealthy'],
    ],
  ])('with a health check %s', async (_, steps, path) => {
    expect((await play(steps, { isWell: false })).path).toEqual(path)
  })
})

const BASE = { service: 'web', isWell: true, address: null, cause: null, sinceMs: null, provenAtMs: null, missed: false }
const AT = '192.0.2.7:20000'

test.each<[string, readonly (Fact | number)[], object]>([
  ['since when it is up and when it was proven', [...UP, proven(9)], { ...BASE, address: AT, sinceMs: 5, provenAtMs: 9 }],
  ['why it is tried again, and no proof that counts no more', [...UP, unproven(NOTHING)], { ...BASE, address: AT, cause: NOTHING }],
  ['nothing of it once it is proven', [...UP, unproven(NOTHING), proven(7)], { ...BASE, address: AT, sinceMs: 7, provenAtMs: 7 }],
  ['why it was refused, while it is asked for again', [ready, refused, 30_000], { ...BASE, cause: TAKEN }],
  ['why it fails its check', [...UP, failed], { ...BASE, isWell: false, cause: CHECK }],
  ['that nobody knows its address', [ready, somewhere], { ...BASE, cause: { type: 'address-unknown' } }],
])('it knows %s', async (_, steps, context) => expect((await play(steps)).context).toEqual(context))

test('every state is reached, by facts alone', () => {
  const states = new Set<string>()
  const machine = exposedServiceMachine.provide({
    actors: { place: fromCallback<PlaceCommand, { service: string }>(() => {}) },
  })
  const events: Fact[] = [ready, opened, refused, proven(1), unproven(NOTHING), passed, failed]
  for (const { state } of getShortestPaths(machine, { input: { service: 'web', isWell: false, cause: null }, events }))
    states.add(pathOf(state.value))
  expect([...states].toSorted()).toEqual(['carried.opening', 'carried.proving', 'carried.up', 'refused', 'unhealthy', 'waiting'])
})

test('its states are told as those of any machine, and renewals are not', async () => {
  const told: string[] = []
  const watch = createStateWatch(({ machine, state, event }) => told.push(`${machine} ${state} (${event})`))
  await play([...UP, 7_000, proven(9)], { inspect: watch.inspect })
  expect(told).toEqual([
    'exposedService waiting (start)',
    'exposedService carried.opening (carrier.ready)',
    'exposedService carried.proving (place.opened)',
    'exposedService carried.up (place.proven)',
  ])
})
