import { expect, test } from 'vitest'
import type { Change, Row } from '../../src/domain/ip-table.ts'
import { NO_LATENCY } from '../../src/domain/latency.ts'
import type { News } from '../../src/feed/news.ts'
import { newsOfChange } from '../../src/feed/table-news.ts'

const row: Row = {
  key: 'ID',
  record: {
    id: 'ID',
    name: 'ash',
    address: '192.0.2.1:8088',
    seq: 1,
    via: null,
    offersTurn: true,
    left: false,
    envelope: 'E',
    p2prc: null,
  },
  state: 'alive',
  latency: { ...NO_LATENCY, rttMs: 1.2, rttAtMs: 1, samplesMs: [1.5, 1.2], history: 1, bursts: 16 },
  downMbps: null,
  upMbps: null,
  speedAtMs: null,
  sustained: null,
  lastProofMs: 1,
  strikes: 0,
  version: 1,
  stored: null,
  written: null,
  suspicion: null,
  reachedBy: [],
  heard: null,
}
const who = { peer: 'ID', name: 'ash', address: '192.0.2.1:8088' }
const unmeasured: Row = { ...row, latency: NO_LATENCY }

test.each<[Change, News | null]>([
  [{ type: 'heard', row }, null],
  [{ type: 'dropped', row, why: 'no answer' }, null],
  [
    { type: 'added', row },
    { type: 'peer.added', ...who },
  ],
  [
    { type: 'changed', row },
    { type: 'peer.changed', ...who },
  ],
  [{ type: 'changed', row: { ...row, state: 'unknown', lastProofMs: null } }, null],
  [
    { type: 'cleared', row },
    { type: 'peer.cleared', ...who },
  ],
  [
    { type: 'suspected', row, why: 'no answer' },
    { type: 'peer.suspected', ...who, why: 'no answer' },
  ],
  [
    { type: 'reachedByOthers', row: { ...row, reachedBy: ['ELM', 'OAK'] } },
    { type: 'peer.reachedByOthers', ...who, by: 'ELM OAK' },
  ],
  [
    { type: 'removed', row, why: 'no answer' },
    { type: 'peer.removed', ...who, why: 'no answer' },
  ],
  [
    { type: 'measured', row },
    { type: 'peer.measured', peer: 'ID', rttMs: 1.2, jitterMs: 0.3, lossPct: 6.3 },
  ],
  [{ type: 'measured', row: unmeasured }, null],
])('$type is told as it should be', (change, expected) => expect(newsOfChange(change)).toEqual(expected))
