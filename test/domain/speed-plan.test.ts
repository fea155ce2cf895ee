import { expect, test } from 'vitest'
import type { Row } from '../../src/domain/ip-table.ts'
import type { PeerRecord } from '../../src/domain/record.ts'
import { nextSpeedTest } from '../../src/domain/speed-plan.ts'
import { SPEED_RETRY, SPEED_STALE, SPEED_STALE_OTHERS } from '../../src/domain/timings.ts'
import { signedBy } from '../records.ts'
import { EMPTY_TABLE, merge, recordBurst } from './pure-table.ts'

const NOW = 1_800_000_000_000

/** A proven row with that round trip. */
function row(id: string, rttMs: number, rest: Partial<Row> = {}, record: Partial<PeerRecord> = {}): Row {
  const last = Math.round(rttMs)
  const told = merge(EMPTY_TABLE, [signedBy(id, `203.0.113.${last}:8088`, { offersTurn: true, ...record })], 0, 'firsthand').table
  const proven = recordBurst(told, id, { type: 'answered', rttMs }, 0, id, 'fine').table.rows.get(id)
  if (proven === undefined) throw new Error('no row')
  return { ...proven, ...rest }
}
const measured = (agoMs: number): Partial<Row> => ({ downMbps: 90, upMbps: 40, speedAtMs: NOW - agoMs })
const kept = (mbps: number | null, agoMs: number): Partial<Row> => ({ sustained: { mbps, atMs: NOW - agoMs } })
const failed = (agoMs: number): Partial<Row> => ({ speedAtMs: NOW - agoMs })
const next = (
  rows: readonly Row[],
  facts: { needsTurn?: boolean; byThroughput?: boolean; fraction?: number; ownHosts?: string[] } = {},
): string | null => {
  const { needsTurn = false, byThroughput = false, fraction = 0, ownHosts = [] } = facts
  const planned = nextSpeedTest(rows, { wallMs: NOW, self: 'self', ownHosts, needsTurn, byThroughput }, fraction)
  return planned && `${planned.row.key}${planned.type === 'sustained' ? ' by one' : ''}`
}

test.each<[string, Row[], Parameters<typeof next>[1], string | null]>([
  ['nobody is there', [], {}, null],
  ['of those that were never measured chance picks one', [row('ash', 9), row('birch', 2)], { fraction: 0.6 }, 'birch'],
  ['a node that needs a TURN begins with the nearest', [row('ash', 9), row('birch', 2)], { needsTurn: true, fraction: 0 }, 'birch'],
  ['who is no TURN comes after those that are', [row('ash', 9), row('birch', 2, {}, { offersTurn: false })], { needsTurn: true }, 'ash'],
  [
    'where throughput chooses, one connection of the fastest TURN is watched',
    [row('ash', 9, measured(1)), row('birch', 2, { ...measured(1), downMbps: 30 })],
    { needsTurn: true, byThroughput: true },
    'ash by one',
  ],
  [
    'then of the next, and of three in all',
    [1, 2, 3, 4].map((n) => row(`node${n}`, n, { ...measured(1), upMbps: 50 - n, ...(n < 3 ? kept(45, 1) : {}) })),
    { needsTurn: true, byThroughput: true },
    'node3 by one',
  ],
  [
    'one that kept up less is behind those that were not tried',
    [1, 2, 3, 4].map((n) => row(`node${n}`, n, { ...measured(1), upMbps: 50 - n, ...(n < 4 ? kept(n === 1 ? 9 : 45, 1) : {}) })),
    { needsTurn: true, byThroughput: true },
    'node4 by one',
  ],
  [
    'and again after a day',
    [row('ash', 9, { ...measured(1), ...kept(40, SPEED_STALE_OTHERS + 1) })],
    { needsTurn: true, byThroughput: true },
    'ash by one',
  ],
  ['not before', [row('ash', 9, { ...measured(1), ...kept(40, SPEED_STALE_OTHERS - 1) })], { needsTurn: true, byThroughput: true }, null],
  [
    'a failure is tried again after half an hour',
    [row('ash', 9, { ...measured(1), ...kept(null, SPEED_RETRY + 1) })],
    { needsTurn: true, byThroughput: true },
    'ash by one',
  ],
  ['where latency chooses nobody needs it', [row('ash', 9, measured(1))], { needsTurn: true }, null],
  [
    'a candidate is due again after six hours',
    [row('ash', 9, measured(SPEED_STALE + 1)), row('birch', 2, measured(1))],
    { needsTurn: true },
    'ash',
  ],
  ['one that is no candidate is not', [row('ash', 9, measured(SPEED_STALE + 1))], {}, null],
  [
    'but after a day, the oldest first',
    [row('ash', 9, measured(SPEED_STALE_OTHERS + 1)), row('birch', 2, measured(SPEED_STALE_OTHERS + 2))],
    {},
    'birch',
  ],
  ['a test that failed is tried again after half an hour', [row('ash', 9, failed(SPEED_RETRY + 1))], {}, 'ash'],
  ['and not before', [row('ash', 9, failed(SPEED_RETRY - 1))], {}, null],
  ['a suspect is not tested', [row('ash', 9, { state: 'suspect' })], {}, null],
  ['nor is one behind a TURN', [row('ash', 9, {}, { via: 'birch' })], {}, null],
  ['nor this node itself', [row('self', 1)], {}, null],
  ['nor another on this machine', [row('ash', 9)], { ownHosts: ['203.0.113.9'] }, null],
  ['nor a P2PRC node, whose download is 50 MB', [{ ...row('ash', 9), record: { ...row('ash', 9).record, id: null } }], {}, null],
  [
    'the ninth nearest is no candidate',
    Array.from({ length: 9 }, (_, i) => row(`node${i}`, i + 1, measured(i === 8 ? SPEED_STALE + 1 : 1))),
    { needsTurn: true },
    null,
  ],
])('%s', (_, rows, facts, expected) => expect(next(rows, facts)).toEqual(expected))
