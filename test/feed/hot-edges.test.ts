import { expect, test } from 'vitest'
import { type DrawnEdge, hotEdges } from '../../dashboard/hot-edges.ts'
import { walkChart } from '../../src/feed/chart-walk.ts'
import { toyMachine } from './toy-machine.ts'

const edges: readonly DrawnEdge[] = walkChart(toyMachine).edges.map(({ from, to, event }) => ({
  id: `${from} > ${to}`,
  from,
  to,
  events: [event],
}))

test.each([
  ['one step', { from: 'tunnelling.down', state: 'tunnelling.up', event: 'tunnel.opened' }, ['tunnelling.down > tunnelling.up']],
  ['out of an outer state', { from: 'tunnelling.up', state: 'selectingTurn', event: 'tunnel.closed' }, ['tunnelling > selectingTurn']],
  [
    'a step and what follows without an event',
    { from: 'bootstrapping', state: 'tunnelling.down', event: 'done' },
    ['bootstrapping > selectingTurn', 'selectingTurn > tunnelling'],
  ],
  ['a delay', { from: 'resting', state: 'bootstrapping', event: 'after restPeriod' }, ['resting > bootstrapping']],
  ['from anywhere', { from: 'tunnelling.up', state: 'stopped', event: 'node.stop' }, [' > stopped']],
  ['the start', { from: '', state: 'bootstrapping', event: 'start' }, []],
  ['no way at all', { from: 'stopped', state: 'resting', event: 'x' }, []],
])('the way of %s', (_, entered, expected) => {
  expect(hotEdges(edges, entered)).toEqual(expected)
})
