import { expect, test } from 'vitest'
import { createActor, type InspectionEvent, setup } from 'xstate'
import { activePaths, createStateWatch, pathOf } from '../../src/feed/inspection.ts'
import { instancesOf, machinesOf } from '../../src/feed/instances.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

test.each([
  ['serving', 'serving', ['serving']],
  [{ tunnelling: 'up' }, 'tunnelling.up', ['tunnelling', 'tunnelling.up']],
  [{ a: { b: { c: 'd' } } }, 'a.b.c.d', ['a', 'a.b', 'a.b.c', 'a.b.c.d']],
  [{ a: 'x', b: 'y' }, 'a.x+b.y', ['a', 'a.x', 'b', 'b.y']],
  [{ a: {} }, 'a', ['a']],
  [{}, '', []],
  ['', '', []],
])('%j is the path %j and has %j active', (value, path, active) => expect([pathOf(value), activePaths(value)]).toEqual([path, active]))

const inner = setup({ types: { events: {} as { readonly type: 'opened' | 'closed' } } }).createMachine({
  id: 'inner',
  initial: 'opening',
  states: { opening: { on: { opened: 'open' } }, open: { on: { closed: 'shut' } }, shut: { type: 'final' } },
})
const outer = setup({ actors: { inner }, delays: { restPeriod: 100 } }).createMachine({
  id: 'outer',
  initial: 'idle',
  states: {
    idle: { on: { go: 'busy', look: {} } },
    busy: {
      invoke: { src: 'inner', id: 'inner', onDone: 'resting' },
      on: { drop: 'idle', pass: { actions: ({ self }) => self.getSnapshot().children.inner?.send({ type: 'opened' }) } },
    },
    resting: { after: { restPeriod: 'idle' } },
  },
})

function watch() {
  const clock = new VirtualClock()
  const told: string[] = []
  const { inspect, states } = createStateWatch(({ machine, instance, from, state, event }) =>
    told.push(`${[machine, instance].filter(Boolean).join(' ')}: ${from} > ${state} by ${event}`),
  )
  const actor = createActor(outer, { clock, inspect }).start()
  return { actor, clock, told, states, inspect }
}

test('every state entered is told, with the one before and the event', async () => {
  const { actor, clock, told, states } = watch()
  actor.send({ type: 'look' })
  actor.send({ type: 'go' })
  actor.send({ type: 'pass' })
  expect(states()).toEqual({ outer: ['busy'], inner: ['open'] })
  actor.getSnapshot().children.inner?.send({ type: 'closed' })
  await clock.advance(100)
  expect(told.toSorted()).toEqual(
    [
      'outer:  > idle by start',
      'outer: idle > busy by go',
      'inner:  > opening by start',
      'inner: opening > open by opened',
      'inner: open > shut by closed',
      'outer: busy > resting by done inner',
      'outer: resting > idle by after restPeriod',
    ].toSorted(),
  )
})

test('a final state stays on show until the machine runs anew', () => {
  const { actor, states } = watch()
  actor.send({ type: 'go' })
  actor.send({ type: 'pass' })
  actor.getSnapshot().children.inner?.send({ type: 'closed' })
  expect(states()).toEqual({ inner: ['shut'], outer: ['resting'] })
})

test('a machine that its parent stops is active no more, and starts anew as new', () => {
  const { actor, told, states } = watch()
  actor.send({ type: 'go' })
  actor.send({ type: 'drop' })
  expect(states()).toEqual({ outer: ['idle'] })
  told.length = 0
  actor.send({ type: 'go' })
  expect([told.toSorted(), states()]).toEqual([
    ['inner:  > opening by start', 'outer: idle > busy by go'],
    { outer: ['busy'], inner: ['opening'] },
  ])
})

test('several of one machine are shown together, and each by its name, however one of them ends', () => {
  const { inspect, states, told } = watch()
  const [one, other] = [createActor(inner, { id: 'one', inspect }).start(), createActor(inner, { id: 'inner.other', inspect }).start()]
  one.send({ type: 'opened' })
  expect(states()).toEqual({ outer: ['idle'], inner: ['open', 'opening'], 'inner/one': ['open'], 'inner/other': ['opening'] })
  one.send({ type: 'closed' })
  expect(states()).toEqual({ outer: ['idle'], inner: ['opening'], 'inner/other': ['opening'] })
  other.stop()
  expect(states()).toEqual({ outer: ['idle'] })
  expect(told.filter((line) => line.startsWith('inner'))).toEqual([
    'inner one:  > opening by start',
    'inner other:  > opening by start',
    'inner one: opening > open by opened',
    'inner one: open > shut by closed',
  ])
})

const named = setup({ types: { context: {} as { readonly name: string }, input: {} as string } }).createMachine({
  id: 'named',
  context: ({ input }) => ({ name: input }),
  initial: 'on',
  states: { on: {} },
})

test.each<[string, (inspect: (event: InspectionEvent) => void) => { start(): unknown }, string]>([
  ['without an id', (inspect) => createActor(inner, { inspect }), ''],
  ['with an id', (inspect) => createActor(inner, { inspect, id: '203.0.113.9:4711' }), '203.0.113.9:4711'],
  ['with an id that XState made up for its place', (inspect) => createActor(inner, { inspect, id: '0.outer.busy' }), ''],
  ["with the machine's id", (inspect) => createActor(inner, { inspect, id: 'inner' }), ''],
  ["whose id begins with the machine's", (inspect) => createActor(inner, { inspect, id: 'inner.web' }), 'web'],
  ['with a name in its context', (inspect) => createActor(named, { inspect, id: 'x', input: 'web' }), 'web'],
])('the instance of an actor %s', (_, create, instance) => {
  const told: string[] = []
  create(createStateWatch((news) => told.push(news.instance)).inspect).start()
  expect(told).toEqual([instance])
})

test('of the instances of one machine the newest 64 are listed', () => {
  const { inspect, states } = createStateWatch(() => undefined)
  for (let i = 0; i < 70; i++) createActor(inner, { inspect, id: `client ${i}` }).start()
  expect([machinesOf(states()), [...instancesOf(states(), 'inner').keys()]]).toEqual([
    ['inner'],
    Array.from({ length: 64 }, (_, i) => `client ${i + 6}`),
  ])
})
