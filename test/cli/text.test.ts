import { describe, expect, test } from 'vitest'
import type { PeersAnswer } from '../../src/answers.ts'
import { complete, knows, lacks, measured } from '../../src/cli/demo/expectations.ts'
import { factsText } from '../../src/cli/demo/report.ts'
import { newsLine } from '../../src/cli/news-line.ts'
import { pingText } from '../../src/cli/ping-text.ts'
import { columns, inPlace, peersText } from '../../src/cli/tables.ts'
import { aRow, STARTED_AT } from '../browser/fake-node.ts'

const NOW = Date.parse(STARTED_AT)
const peers = (...rows: PeersAnswer['peers']): PeersAnswer => ({ schemaVersion: 1, self: aRow('ash').id ?? '', peers: rows })

test('columns stand under one another, whatever the script, and nothing trails', () =>
  expect(
    columns([
      ['a', 'bb', 'c'],
      ['äöü', 'b', ''],
      ['', '↓↑', 'ccc'],
    ]),
  ).toEqual('a    bb  c\näöü  b   \n     ↓↑  ccc'))

test('the table of peers for people', () =>
  expect(
    peersText(
      peers(
        aRow('ash', { self: true, rttMs: 0.123, jitterMs: null, lossPct: 0 }),
        aRow('hidden', { via: 'b1', turn: false, lastProof: new Date(NOW - 90_000).toISOString() }),
        aRow('elm', {
          state: 'suspect',
          rttMs: null,
          jitterMs: null,
          lossPct: null,
          downMbps: null,
          upMbps: null,
          turn: false,
          lastProof: null,
        }),
      ),
      NOW + 5_000,
    ),
  ).toEqual(`NAME    ADDRESS           STATE    RTT ms        LOSS  ↓ Mbit/s  ↑ Mbit/s  TESTED   ROLE        VIA  PROVEN
ash *   ash.test:8088     alive    0.12          0 %   93.1      41.0      5 s ago  TURN        –    5 s ago
hidden  hidden.test:8088  alive    10.00 ± 0.30  0 %   93.1      41.0      5 s ago  behind NAT  b1   2 min ago
elm     elm.test:8088     suspect  –             –     –         –         –        server      –    –
* this node`))

test('whom others reach and this node does not is named below the table', () =>
  expect(
    peersText(peers(aRow('elm', { reachedBy: ['cedar', 'ash'] })), NOW)
      .split('\n')
      .at(-1),
  ).toBe('elm is reached by cedar and ash, not from here'))

test('a table that is watched keeps everybody in place, and newer ones come below', () => {
  const arrange = inPlace()
  const names = (...rows: readonly string[]) => arrange(peers(...rows.map((name) => aRow(name)))).peers.map(({ name }) => name)
  expect([names('ash', 'elm'), names('oak', 'elm', 'ash'), names('elm', 'oak')]).toEqual([
    ['ash', 'elm'],
    ['ash', 'elm', 'oak'],
    ['elm', 'oak'],
  ])
})

test('a table has as many rows as the screen has room for, and colours where they are wanted', () => {
  const text = peersText(peers(...['ash', 'elm', 'oak', 'fir'].map((name) => aRow(name))), NOW, { width: 40, height: 5, isColoured: true })
  expect(text.split('\n')).toEqual([
    'NAME  ADDRESS        STATE  RTT ms',
    'ash   ash.test:8088  \x1b[32malive\x1b[0m  10.00 ± 0.30',
    'elm   elm.test:8088  \x1b[32malive\x1b[0m  10.00 ± 0.30',
    '… and 2 more',
  ])
})

test('an empty table is told in words', () => expect(peersText(peers(), NOW)).toEqual('nobody yet'))

describe('news as a line', () => {
  const entry = { seq: 1, at: STARTED_AT }
  test('has the time of day in front', () =>
    expect(newsLine({ ...entry, type: 'turn.lost', peer: 'b1', name: 'birch', why: 'it fell silent' })).toMatch(
      /^\d\d:\d\d:\d\d {2}The TURN birch was lost: it fell silent\.$/,
    ))

  test('tells what became of a tunnel and of a stock frps', () =>
    expect(
      [
        newsLine({ ...entry, type: 'turn.broke', peer: 'b1', name: 'birch', why: 'connection reset' }),
        newsLine({ ...entry, type: 'turn.unfit', peer: 'frp://elm:7000', name: 'elm:7000', why: 'connection refused' }),
      ].map((line) => line?.slice(10)),
    ).toEqual([
      'The tunnel through birch broke off: connection reset; logging in there again.',
      "The TURN elm:7000 can't be used: connection refused.",
    ]))

  test('pings and the machines inside are left to the log', () =>
    expect([
      newsLine({ ...entry, type: 'peer.measured', peer: 'b1', rttMs: 1, jitterMs: null, lossPct: 0 }),
      newsLine({ ...entry, type: 'state.entered', machine: 'tunnel', instance: '', state: 'up', from: '', event: '' }),
      newsLine({
        ...entry,
        type: 'state.entered',
        machine: 'node',
        instance: '',
        state: 'serving',
        from: 'probing',
        event: 'proven',
      })?.slice(10),
    ]).toEqual([null, null, 'node: probing → serving (proven)']))
})

describe('what the demo waits for is told as what is missing', () => {
  test.each([
    ['nobody answers', complete(null, 2), 'does not answer'],
    ['too few', complete(peers(aRow('ash')), 2), 'holds 1 of 2, 1 of them answering'],
    ['too many', complete(peers(aRow('ash'), aRow('elm'), aRow('fir')), 2), 'holds 3 of 2, 3 of them answering'],
    ['a suspect', complete(peers(aRow('ash'), aRow('elm', { state: 'suspect' })), 2), 'holds 2 of 2, 1 of them answering'],
    ['no latency yet', complete(peers(aRow('ash'), aRow('elm', { rttMs: null })), 2), 'holds 2 of 2, 1 of them answering'],
    ['one address twice', complete(peers(aRow('ash'), aRow('elm', { address: 'ash.test:8088' })), 2), 'holds an address twice'],
    ['everything', complete(peers(aRow('ash'), aRow('elm')), 2), ''],
    ['figures', measured(peers(aRow('ash'), aRow('elm', { upMbps: null }), aRow('fir', { downMbps: null }))), 'has not measured elm, fir'],
    ['all figures', measured(peers(aRow('ash'))), ''],
    ['an address', knows(peers(aRow('ash')), aRow('ash').id ?? '', 'ash.test:9'), 'holds ash at ash.test:8088 and not at ash.test:9'],
    ['a known address', knows(peers(aRow('ash')), aRow('ash').id ?? '', 'ash.test:8088'), ''],
    ['a stranger', knows(peers(), 'ab'.repeat(16), 'ash.test:9'), 'holds abababab at no address and not at ash.test:9'],
    ['one that should be gone', knows(peers(aRow('ash')), aRow('ash').id ?? '', null), 'still holds ash'],
    ['one that is gone', knows(peers(), aRow('ash').id ?? '', null), ''],
  ])('%s', (_, told, expected) => expect(told).toEqual(expected))

  test('the first lack of each node', () =>
    expect(
      lacks(
        [
          { name: 'ash', answer: peers(aRow('ash')) },
          { name: 'elm', answer: null },
          { name: 'fir', answer: peers(aRow('fir', { upMbps: null })) },
        ],
        (answer) => complete(answer, 1),
        measured,
      ),
    ).toEqual('elm does not answer; fir has not measured fir'))
})

test('the demo’s end for people: the table and two sentences', () => {
  const row = { ipv4: '127.0.0.1', 'port no': '8088', name: 'ash', latency: 0.5, download: 900.4, upload: null }
  expect(
    factsText({
      schemaVersion: 1,
      ok: true,
      nodes: [{ name: 'ash', address: '127.0.0.1:8088', table: { ip_address: [row] } }],
      turn: { name: 'birch', address: '127.0.0.1:8089', reason: 'least latency of 5: 1 ms' },
      service: { public: '127.0.0.1:20018' },
      convergedMs: 100,
      turnJoinMs: 50,
      cut: { turn: 'birch', next: 'cedar', outageMs: 17.3 },
    }),
  ).toEqual(`
The table of ash, before the cut:
NAME  ADDRESS         RTT ms  ↓ Mbit/s  ↑ Mbit/s
ash   127.0.0.1:8088  0.50    900       –

The service behind NAT was at http://127.0.0.1:20018/ through birch (least latency of 5: 1 ms).
birch was killed, and the service was away for 17.3 ms until it answered through cedar.
`)
})

test.each([
  [{}, '0.04 ms, best of 0.13, 0.04; direct'],
  [{ via: { id: 'b1', name: 'cedar' } }, '0.04 ms, best of 0.13, 0.04; through cedar'],
  [{ discarded: 2 }, '0.04 ms, best of 0.13, 0.04; 2 thrown away, since this machine was late itself; direct'],
  [{ isLoaded: true }, '0.04 ms, best of 0.13, 0.04; beside a speed test over the same path; direct'],
])('a ping with %o', (more, text) =>
  expect(
    pingText({
      schemaVersion: 1,
      rttMs: 0.041,
      samples: [0.133, 0.041],
      discarded: 0,
      isLoaded: false,
      connectMs: null,
      via: null,
      ...more,
    }),
  ).toEqual(text),
)
