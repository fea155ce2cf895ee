import { expect, test } from 'vitest'
import { createHistory } from '../../../src/actors/history/history.ts'
import { readHistoryText } from '../../../src/actors/history/history-text.ts'
import type { ServicePassed } from '../../../src/actors/services/services.ts'
import type { PeerAnswerRow, StatusAnswer } from '../../../src/answers.ts'
import { HISTORY_EVENTS, HISTORY_PEERS } from '../../../src/domain/history.ts'
import { createNewsDesk } from '../../../src/feed/news-desk.ts'
import { aRow, aService, aStatus } from '../../browser/fake-node.ts'
import { MemoryStore } from '../../sim/memory-store.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'

const REACHED = aStatus('tunnelling.up', { services: [aService('web')] }, { reachability: 'tunnelled' })
const lost = (text: string): StatusAnswer => aStatus('selectingTurn', { services: [{ ...aService('web'), state: 'down', error: text }] })

function start(store = new MemoryStore(), clock = new VirtualClock()) {
  let [status, peers]: [StatusAnswer, readonly PeerAnswerRow[]] = [REACHED, []]
  let passed: readonly ServicePassed[] = []
  const desk = createNewsDesk(clock.wallMs)
  const found: string[] = []
  const history = createHistory({
    clock,
    store,
    status: () => status,
    peers: () => ({ schemaVersion: 1, self: status.node.id, peers }),
    services: { passed: () => passed },
    onEntry: desk.onEntry,
    health: { set: (key, finding) => void found.push(`${key}: ${finding?.text ?? 'well'}`) },
    onBug: (error) => {
      throw error
    },
  })
  return {
    store,
    clock,
    desk,
    found,
    history,
    show: (next: {
      readonly status?: StatusAnswer
      readonly peers?: readonly PeerAnswerRow[]
      readonly passed?: readonly ServicePassed[]
    }) => {
      status = next.status ?? status
      peers = next.peers ?? peers
      passed = next.passed ?? passed
    },
    states: (minutes: number) =>
      history.answer(minutes).series.map(({ kind, name, states, upPct }) => `${kind} ${name} ${states} ${upPct}`),
  }
}

test('it sees by the minute how the node, its services and its peers are', async () => {
  const { clock, history, show, states } = start()
  await history.start()
  show({ peers: [aRow('birch', { rttMs: 12.34 })] })
  await clock.advance(120_000)
  show({ status: lost('x'), peers: [aRow('birch', { state: 'suspect' })] })
  await clock.advance(120_000)
  expect(states(6)).toEqual(['node ash .uudaa 60', 'service web .uudaa 60', 'peer birch .uuddd 100'])
  const birch = history.answer(3).series.at(-1)
  expect([birch?.rttMs.length, birch?.speeds]).toEqual([3, []])
})

test('what lasts for less than a look is in it too, with what is told of it', async () => {
  const { clock, desk, history, show, states } = start()
  await history.start()
  await clock.advance(61_000)
  show({ status: lost('connection refused') })
  desk.publish({ type: 'service.down', service: 'web', why: 'connection refused' })
  show({ status: REACHED })
  desk.publish({ type: 'service.up', service: 'web', public: 'birch.test:20018' })
  await clock.advance(1_000)
  expect(states(2)).toEqual(['node ash ud 100', 'service web ud 100'])
  expect(history.answer().events.map(({ type, text }) => `${type}: ${text}`)).toEqual([
    'service.down: Service web is down: connection refused.',
    'service.up: Service web is up at birch.test:20018.',
  ])
})

test('it outlives a restart, and the minutes between are unknown', async () => {
  const first = start()
  await first.history.start()
  first.show({ peers: [aRow('birch')] })
  await first.clock.advance(60_000)
  first.desk.publish({ type: 'warned', text: 'it is so', fix: 'Do so.' })
  await first.history.close()
  expect(first.clock.timerCount).toEqual(0)
  await first.clock.advance(120_000)
  const again = start(first.store, first.clock)
  await again.history.start()
  again.show({ peers: [aRow('birch')] })
  expect(again.states(4)).toEqual(['node ash uu.u 100', 'service web uu.u 100', 'peer birch uu.u 100'])
  expect(again.history.answer().events.map(({ text }) => text)).toEqual(['it is so. Do so.'])
})

test('it is written every ten minutes, and what keeps it from the disk is told while that lasts', async () => {
  const { clock, store, history, found } = start()
  await history.start()
  await clock.advance(599_000)
  expect(store.history).toEqual('')
  store.failure = { type: 'failed', text: 'the disk is full', fix: 'Make room.' }
  await clock.advance(1_000)
  store.failure = null
  await clock.advance(600_000)
  expect(found).toEqual(['history: the disk is full', 'history: well'])
  expect(readHistoryText(store.history)?.series.map(({ name }) => name)).toEqual(['ash', 'web'])
})

test('of many peers the nearest are kept, and of many events the newest, with room for those of this node', async () => {
  const { clock, desk, history, show } = start()
  await history.start()
  const wave = (name: string) => Array.from({ length: 1_000 }, (_, i) => aRow(`${name}${i}`, { rttMs: i }))
  for (const name of ['a', 'b', 'c', 'd']) {
    show({ peers: wave(name) })
    await clock.advance(60_000)
  }
  desk.publish({ type: 'warned', text: 'it is so', fix: 'Do so.' })
  for (let i = 0; i < 1_000; i++)
    desk.publish({ type: 'peer.removed', peer: `p${i}`, name: `p${i}`, address: 'p.test:1', why: 'no answer' })
  const { series, events } = history.answer()
  expect(series.filter(({ kind }) => kind === 'peer').length).toBeLessThanOrEqual(3 * HISTORY_PEERS)
  expect([events.length, events.some(({ type }) => type === 'warned')]).toEqual([HISTORY_EVENTS, true])
  await history.close()
})

test.each([
  '',
  'rubbish',
  '[]',
  '{"minute":-1}',
  '{"minute":5,"series":[{"kind":"x"},{"kind":"peer","id":"a","name":"a","states":"zz"},7]}',
])('a file that does not fit is as if there were none of it: %s', async (text) => {
  const store = new MemoryStore()
  store.history = text
  const { history, states } = start(store)
  await history.start()
  expect(states(2)).toEqual(['node ash .u 100', 'service web .u 100'])
})

const web = (bytesIn: number, bytesOut: number, connections: number): ServicePassed => ({ service: 'web', bytesIn, bytesOut, connections })

test('it keeps by the minute what passed for each service, over a restart, and from there on', async () => {
  const first = start()
  await first.history.start()
  first.show({ passed: [web(100, 1_000, 1)] })
  await first.clock.advance(60_000)
  first.show({ passed: [web(100, 1_500, 1)] })
  await first.clock.advance(60_000)
  first.show({ passed: [web(107, 1_500, 2)] })
  await first.history.close()
  const again = start(first.store, first.clock)
  await again.history.start()
  await again.clock.advance(60_000)
  again.show({ passed: [web(3, 4, 1)] })
  const service = again.history.answer(5).series.find(({ kind }) => kind === 'service')
  expect([service?.states, service?.traffic]).toEqual([
    '.uuuu',
    { bytesIn: [null, 100, 0, 7, 3], bytesOut: [null, 1_000, 500, 0, 4], connections: [null, 1, 0, 1, 1] },
  ])
  expect(again.history.answer(5).series.map(({ kind, traffic }) => [kind, traffic === null])).toEqual([
    ['node', true],
    ['service', false],
  ])
})

test('a service that is exposed anew counts from nothing', async () => {
  const { clock, history, show } = start()
  await history.start()
  show({ passed: [web(100, 100, 1)] })
  await clock.advance(20_000)
  show({ passed: [] })
  await clock.advance(20_000)
  show({ passed: [web(150, 100, 1)] })
  await clock.advance(20_000)
  expect(history.answer(2).series.find(({ kind }) => kind === 'service')?.traffic?.bytesIn).toEqual([100, 150])
})

test.each([
  ['of before there was any', {}, null],
  ['cut short', { traffic: { in: [1], out: [2], connections: [3] } }, null],
  [
    'with rubbish in it',
    { traffic: { in: [5, 'x'], out: [-1, 6], connections: null } },
    { bytesIn: [5, 0], bytesOut: [0, 6], connections: [0, 0] },
  ],
  ['that is none', { traffic: 'x' }, null],
])('traffic of a file %s', async (_, part, expected) => {
  const store = new MemoryStore()
  const clock = new VirtualClock()
  const minute = Math.floor(clock.wallMs() / 60_000)
  store.history = JSON.stringify({ minute, series: [{ kind: 'service', id: 'old', name: 'old', states: 'uu', ...part }] })
  const { history } = start(store, clock)
  await history.start()
  expect(history.answer(2).series.find(({ id }) => id === 'old')?.traffic).toEqual(expected)
})
