import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  applyFeed,
  changed,
  type DirtyParts,
  deltaText,
  type FeedView,
  mergeDirty,
  NO_NEWS,
  NOTHING_DIRTY,
  renderFigures,
  renderNode,
  snapshotText,
} from '../../src/feed/delta.ts'
import { figuresOf, withoutFigures } from '../../src/feed/figures.ts'
import type { Entry, News } from '../../src/feed/news.ts'
import { aClient, aRow, aService, aStatus, NOTHING_CARRIED, someTraffic } from '../browser/fake-node.ts'

const names = ['ash', 'birch', 'cedar', 'elm']
const world = fc.record({
  state: fc.constantFrom('probing', 'serving'),
  rtts: fc.dictionary(fc.constantFrom(...names), fc.integer({ min: 1, max: 3 })),
  tunnel: fc.constantFrom('opening', 'open'),
  bytes: fc.dictionary(fc.constantFrom('web', 'ssh'), fc.integer({ min: 1, max: 3 })),
  carried: fc.dictionary(fc.constantFrom(...names), fc.integer({ min: 1, max: 3 })),
})
type World = typeof world extends fc.Arbitrary<infer T> ? T : never

const statusOf = ({ state, bytes, carried }: Pick<World, 'state' | 'bytes' | 'carried'>) =>
  aStatus(state, {
    services: Object.entries(bytes).map(([name, bytesIn]) => aService(name, someTraffic({ bytesIn }))),
    clients: Object.entries(carried).map(([id, port]) => aClient(id, [{ port }])),
    carried: { ...NOTHING_CARRIED, clients: Object.keys(carried).length },
  })

const renderedOf = (world: World) => {
  const status = statusOf(world)
  return renderNode(
    withoutFigures(status),
    Object.entries(world.rtts).map(([name, rttMs]) => aRow(name, { rttMs })),
    { node: [world.state], tunnel: [world.tunnel] },
    renderFigures(figuresOf(status)),
  )
}
const still = { tunnel: 'open', bytes: {}, carried: {} } as const

const told = (view: FeedView | null, seq: number) => view && { ...view, seq }

test('a reader that follows and one that skips both end up with what a new one is told', () => {
  fc.assert(
    fc.property(world, fc.array(fc.tuple(world, fc.boolean()), { maxLength: 12, size: 'max' }), (first, steps) => {
      let rendered = renderedOf(first)
      let fast = applyFeed(null, JSON.parse(snapshotText(0, rendered, [])))
      let slow = fast
      let [slowSeq, dirty]: [number, DirtyParts] = [0, NOTHING_DIRTY]
      for (const [i, [next, reads]] of [...steps, [first, true] as const].entries()) {
        const after = renderedOf(next)
        const change = changed(rendered, after)
        rendered = after
        fast = applyFeed(fast, JSON.parse(deltaText(i, i + 1, rendered, change, NO_NEWS)))
        dirty = mergeDirty(dirty, change)
        if (!reads) continue
        slow = applyFeed(slow, JSON.parse(deltaText(slowSeq, i + 1, rendered, dirty, NO_NEWS)))
        slowSeq = i + 1
        dirty = NOTHING_DIRTY
      }
      const fresh = applyFeed(null, JSON.parse(snapshotText(slowSeq, rendered, [])))
      expect(told(fast, slowSeq)).toEqual(told(fresh, slowSeq))
      expect(told(slow, slowSeq)).toEqual(told(fresh, slowSeq))
    }),
  )
})

test('a delta that does not follow on is refused, so the reader connects again', () => {
  const rendered = renderedOf({ ...still, state: 'probing', rtts: {} })
  const view = applyFeed(null, JSON.parse(snapshotText(4, rendered, [])))
  expect(applyFeed(view, JSON.parse(deltaText(5, 6, rendered, NOTHING_DIRTY, NO_NEWS)))).toEqual(null)
  expect(applyFeed(null, JSON.parse(deltaText(4, 5, rendered, NOTHING_DIRTY, NO_NEWS)))).toEqual(null)
})

test('a delta says only what changed', () => {
  const before = renderedOf({ ...still, state: 'probing', rtts: { ash: 1, elm: 2 } })
  const after = renderedOf({ ...still, state: 'probing', rtts: { elm: 3 } })
  expect(JSON.parse(deltaText(1, 2, after, changed(before, after), NO_NEWS))).toEqual({
    t: 'd',
    from: 1,
    seq: 2,
    peers: [
      [aRow('elm').id, aRow('elm', { rttMs: 3 })],
      [aRow('ash').id, null],
    ],
    news: [],
  })
})

test('what is carried drags neither the status nor the table along', () => {
  const before = renderedOf({ ...still, state: 'serving', rtts: { ash: 1 }, bytes: { web: 1, ssh: 1 }, carried: { ash: 1, elm: 1 } })
  const after = renderedOf({ ...still, state: 'serving', rtts: { ash: 1 }, bytes: { web: 2, ssh: 1 }, carried: { elm: 2 } })
  expect(JSON.parse(deltaText(1, 2, after, changed(before, after), NO_NEWS))).toEqual({
    t: 'd',
    from: 1,
    seq: 2,
    carried: { ...NOTHING_CARRIED, clients: 1 },
    traffic: [['web', someTraffic({ bytesIn: 2 })]],
    clients: [
      ['elm', aClient('elm', [{ port: 2 }])],
      ['ash', null],
    ],
    news: [],
  })
})

const entry = (seq: number, news: News): Entry => ({ ...news, seq, at: '2030-01-01T00:00:00.000Z' })
const listening = (seq: number) => entry(seq, { type: 'node.listening', address: null })
const measured = (seq: number) => entry(seq, { type: 'peer.measured', peer: 'ash', rttMs: 1, jitterMs: null, lossPct: 0 })

test('measurements are a part of their own: however many there are, a reader keeps its news', () => {
  const rendered = renderedOf({ ...still, state: 'serving', rtts: {} })
  const first = applyFeed(null, JSON.parse(snapshotText(0, rendered, [listening(1)])), 3)
  const told = { news: [listening(5)], measurements: [2, 3, 4, 6].map(measured) }
  const after = applyFeed(first, JSON.parse(deltaText(0, 1, rendered, NOTHING_DIRTY, told)), 3)
  expect([first?.measurements, after?.news, after?.measurements]).toEqual([[], [listening(1), listening(5)], [3, 4, 6].map(measured)])
})
