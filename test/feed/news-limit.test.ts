import { expect, test } from 'vitest'
import type { News } from '../../src/feed/news.ts'
import { isMeasurement, isOfClient, sourceOf } from '../../src/feed/news-kinds.ts'
import { ALL_CLIENTS, type Allowance, createNewsLimit, EACH_SOURCE, spend } from '../../src/feed/news-limit.ts'

const rate = { burst: 3, perSecond: 2 }

test.each<[string, readonly number[], readonly boolean[]]>([
  ['as many at once as the burst', [0, 0, 0, 0, 0], [true, true, true, false, false]],
  ['then one in each part of a second', [0, 0, 0, 499, 500, 501, 1_000], [true, true, true, false, true, false, true]],
  ['the burst again after a rest', [0, 0, 0, 9_000, 9_000, 9_000, 9_000], [true, true, true, true, true, true, false]],
  [
    'who is refused does not wait longer for that',
    [0, 0, 0, 100, 200, 300, 400, 500],
    [true, true, true, false, false, false, false, true],
  ],
  ['a clock set back gives nothing, and takes nothing', [9_000, 9_000, 0, 0, 500], [true, true, true, false, true]],
])('%s', (_, timesMs, expected) => {
  let allowance: Allowance | undefined
  const told = timesMs.map((atMs) => {
    const after = spend(allowance, rate, atMs)
    allowance = after
    return after.isTold
  })
  expect(told).toEqual(expected)
})

const session = { machine: 'turnSession', instance: '203.0.113.9:4711', state: 'idle', from: '', event: 'start' }

test.each<[News, string | null, boolean]>([
  [{ type: 'client.arrived', client: 'r1', remote: '203.0.113.9:4711', version: '1', member: null }, '203.0.113.9', true],
  [{ type: 'client.refused', remote: '[2001:db8::1]:4711', why: 'x' }, '2001:db8::1', true],
  [{ type: 'client.left', client: 'r1', remote: 'nonsense', why: 'x' }, 'nonsense', true],
  [{ type: 'proxy.opened', client: 'r1', remote: '203.0.113.9:4711', proxy: 'web', port: 1 }, '203.0.113.9', true],
  [{ type: 'state.entered', ...session }, '203.0.113.9', true],
  [{ type: 'state.entered', ...session, machine: 'node', instance: '' }, null, false],
  [{ type: 'peer.added', peer: 'ash', name: 'ash', address: '192.0.2.1:8088' }, 'ash', false],
  [{ type: 'peer.measured', peer: 'ash', rttMs: 1, jitterMs: null, lossPct: 0 }, null, false],
  [{ type: 'turn.lost', peer: 'ash', name: 'ash', why: 'x' }, null, false],
  [{ type: 'node.stopped' }, null, false],
])('%j is the doing of %j', (news, source, ofClient) => {
  expect([sourceOf(news), isOfClient(news)]).toEqual([source, ofClient])
})

test.each<[News['type'], boolean]>([
  ['peer.measured', true],
  ['speed.measured', true],
  ['speed.refused', true],
  ['peer.added', false],
])('%s is a measurement: %j', (type, expected) => {
  expect(isMeasurement({ type, peer: 'ash' } as News)).toEqual(expected)
})

const from = (host: number): News => ({ type: 'client.refused', remote: `10.0.${host >> 8}.${host & 255}:1`, why: 'x' })
const told = (limit: ReturnType<typeof createNewsLimit>, news: readonly News[]): number => news.filter((one) => limit(one, 0)).length
const times = (count: number, news: News): readonly News[] => Array.from({ length: count }, () => news)

test('one client that tells much takes nothing from another, nor from this node', () => {
  const limit = createNewsLimit()
  expect([told(limit, times(500, from(1))), told(limit, times(500, from(2))), told(limit, times(500, { type: 'node.stopped' }))]).toEqual([
    EACH_SOURCE.burst,
    EACH_SOURCE.burst,
    500,
  ])
})

test('clients with many addresses are bounded together, and take nothing from peers', () => {
  const limit = createNewsLimit()
  const many = Array.from({ length: 5_000 }, (_, host) => from(host))
  const added: News = { type: 'peer.added', peer: 'ash', name: 'ash', address: '192.0.2.1:8088' }
  expect([told(limit, many), told(limit, times(500, added))]).toEqual([ALL_CLIENTS.burst, EACH_SOURCE.burst])
})
