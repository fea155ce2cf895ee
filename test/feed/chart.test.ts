import { expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { drawMachine } from '../../scripts/draw-diagrams.ts'
import { walkChart } from '../../src/feed/chart-walk.ts'
import { eventLabel } from '../../src/feed/event-label.ts'
import { toyMachine } from './toy-machine.ts'

test('every transition that leads somewhere is an edge, in words', () => {
  const told = walkChart(toyMachine).edges.map(
    ({ from, fromAnyInside, to, label, actions }) => `${fromAnyInside ? 'any of ' : ''}${from} > ${to}: ${[label, ...actions].join(' / ')}`,
  )
  expect(told).toEqual([
    'any of  > stopped: node.stop',
    'bootstrapping > selectingTurn: done bootstrap / assign',
    'bootstrapping > resting: error bootstrap',
    'selectingTurn > tunnelling: [hasTurn and not isBarred]',
    'selectingTurn > resting: always',
    'tunnelling > selectingTurn: tunnel.closed / barTurn / recordPeer',
    'tunnelling.down > tunnelling.up: tunnel.opened',
    'resting > bootstrapping: after restPeriod',
  ])
})

test('what happens inside a state is noted on it', () => {
  const { root } = walkChart(toyMachine)
  expect([root, ...root.children].map(({ path, kind, notes }) => [path, kind, ...notes])).toEqual([
    ['', 'compound', 'peer.heard / recordPeer'],
    ['bootstrapping', 'atomic', 'runs bootstrap'],
    ['selectingTurn', 'atomic'],
    ['tunnelling', 'compound', 'runs link'],
    ['resting', 'atomic', 'exit / forgiveAll', 'after 500 ms / recordPeer'],
    ['watching', 'parallel'],
    ['stopped', 'final'],
  ])
})

test.each([
  ['tunnel.opened', {}, 'tunnel.opened'],
  ['', {}, ''],
  ['xstate.init', {}, 'start'],
  ['xstate.after.restPeriod.node.resting', {}, 'after restPeriod'],
  ['xstate.after.5000.node.resting', {}, 'after 5000 ms'],
  ['xstate.done.actor.0.node.probing', { '0.node.probing': 'probe' }, 'done probe'],
  ['xstate.error.actor.0.node.probing', {}, 'error'],
  ['xstate.error.actor.link', {}, 'error link'],
  ['xstate.done.actor.findTurn', {}, 'done findTurn'],
  ['xstate.done.state.node.tunnelling', {}, 'done'],
  ['xstate.snapshot.0.node.probing', { '0.node.probing': 'probe' }, 'snapshot probe'],
])('the event %j reads as it should', (type, actors, expected) => {
  expect(eventLabel(type, actors)).toEqual(expected)
})

test('equal machines are drawn equally, and no name can break out of the drawing', async () => {
  const odd = createMachine({ id: 'odd', initial: 'a', states: { a: { on: { '</text><script>': 'b' } }, b: { entry: '"&<' } } })
  const [drawn, again] = [await drawMachine(odd, ''), await drawMachine(odd, '')]
  expect(drawn).toEqual(again)
  const svg = drawn.find(([file]) => file === 'odd.svg')?.[1] ?? ''
  expect([...svg.matchAll(/<\/?(\w+)/g)].map(([, tag]) => tag).filter((tag) => tag === 'script')).toEqual([])
  expect([...svg.matchAll(/>([^<>]*)<\/text>/g)].map(([, text]) => text)).toEqual([
    'odd',
    'a',
    'b',
    'entry / &quot;&amp;&lt;',
    '&lt;/text&gt;&lt;script&gt;',
  ])
})
