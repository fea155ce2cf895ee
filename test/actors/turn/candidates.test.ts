import { expect, test } from 'vitest'
import { candidates } from '../../../src/actors/turn/candidates.ts'
import type { TurnSource } from '../../../src/answers.ts'
import { recordBurst, recordSpeed, recordSustained } from '../../../src/domain/ip-table.ts'
import { unsignedRecord } from '../../../src/domain/record.ts'
import { fitOf } from '../../../src/domain/turn-choice.ts'
import { NO_P2PRC_FIELDS } from '../../../src/p2prc/wire-table.ts'
import { signedBy } from '../../records.ts'
import { stateParts } from '../state-parts.ts'
import { fakeStock, frpsAt } from './turns.ts'

const ash = signedBy('ash', '192.0.2.1:8088')
const elm = signedBy('elm', '192.0.2.2:8088')
const FRPS = '192.0.2.9:7000'
const NODES: readonly TurnSource[] = [{ type: 'moonwalk' }]

function start(turns: readonly TurnSource[] = NODES) {
  const parts = stateParts()
  const fake = fakeStock(parts.clock.now)
  return { ...parts, fake, all: () => candidates({ ...parts, external: fake.external, turns }) }
}

test('candidates are the stock frps of the configuration and the rows of the table, fit or not', () => {
  for (const [turns, expected] of [
    [NODES, [`${FRPS} frp alive`, 'ash moonwalk alive', 'elm moonwalk not proven']],
    [[], [`${FRPS} frp alive`]],
  ] as const) {
    const { fake, all, prove, hear } = start(turns)
    fake.known = [frpsAt(FRPS, 3)]
    prove(ash)
    hear(elm)
    expect(all().map(({ name, kind, alive }) => `${name} ${kind} ${alive ? 'alive' : 'not proven'}`)).toEqual(expected)
  }
})

test.each<[string, Parameters<ReturnType<typeof stateParts>['prove']>[0], string, boolean]>([
  ['a node', ash, 'moonwalk', false],
  ['a node through a TURN', { ...ash, via: 'elm' }, 'moonwalk', true],
  ['a P2PRC node', unsignedRecord('192.0.2.1:8088'), 'p2prc', false],
  ['a P2PRC node that says it is behind NAT', unsignedRecord('192.0.2.1:8088', 'pc', { ...NO_P2PRC_FIELDS, nat: true }), 'p2prc', true],
  [
    'a P2PRC node that is reached through frp',
    unsignedRecord('192.0.2.1:8088', 'pc', { ...NO_P2PRC_FIELDS, escapeImplementation: 'FRP' }),
    'p2prc',
    true,
  ],
])('%s is a candidate of its kind', (_, record, kind, behindNat) => {
  const { prove, all } = start()
  prove(record)
  expect(all()).toEqual([
    {
      key: record.id ?? record.address,
      id: record.id,
      name: record.name,
      address: '192.0.2.1:8088',
      kind,
      rttMs: 5,
      mbps: null,
      alive: true,
      offersTurn: true,
      behindNat,
    },
  ])
})

test('its latency is the least of the last five minutes, its throughput the lesser of both ways', async () => {
  const { clock, prove, keeper, all } = start()
  prove(ash)
  const measure = (rttMs: number): unknown =>
    keeper.apply((table, wallMs) => recordBurst(table, 'ash', { type: 'answered', rttMs }, wallMs))
  for (const rttMs of [40, 12, 30]) measure(rttMs)
  keeper.apply((table, wallMs) => recordSpeed(table, 'ash', { downMbps: 90, upMbps: 20 }, wallMs))
  expect(all().map(({ rttMs, mbps }) => [rttMs, mbps])).toEqual([[12, 20]])
  await clock.advance(300_000)
  measure(30)
  expect(all().map(({ rttMs }) => rttMs)).toEqual([30])
})

test('by throughput the one is best whose single connection keeps up most, and a test that failed changes nothing', () => {
  const { prove, keeper, all } = start()
  const ranked = () => fitOf({ candidates: all(), self: 'self', preference: { mode: 'throughput' } }).map(({ name }) => name)
  const keepsUp = (key: string, mbps: number | null): unknown => keeper.apply((table, wallMs) => recordSustained(table, key, mbps, wallMs))
  for (const [record, downMbps] of [
    [ash, 90],
    [elm, 60],
  ] as const) {
    prove(record)
    keeper.apply((table, wallMs) => recordSpeed(table, record.name, { downMbps, upMbps: 100 }, wallMs))
  }
  expect(ranked()).toEqual(['ash', 'elm'])
  keepsUp('ash', 30)
  keepsUp('elm', 55)
  expect(ranked()).toEqual(['elm', 'ash'])
  keepsUp('elm', null)
  expect([ranked(), all().map(({ sustainedMbps }) => sustainedMbps)]).toEqual([
    ['elm', 'ash'],
    [30, 55],
  ])
})

test('of a large table those that are pinned are candidates however far they are', () => {
  const { clock, keeper, fake, prove } = start()
  for (let i = 0; i < 300; i++) {
    const key = i.toString(16).padStart(32, '0')
    prove(signedBy(key, `192.0.2.1:${9_000 + i}`, { name: `near-${i}` }))
    keeper.apply((table, wallMs) => recordBurst(table, key, { type: 'answered', rttMs: 1 }, wallMs))
  }
  const far = (name: string, i: number): void => {
    prove(signedBy(name.repeat(32).slice(0, 32), `198.51.100.${i}:8088`, { name }))
    keeper.apply((table, wallMs) => recordBurst(table, name.repeat(32).slice(0, 32), { type: 'answered', rttMs: 900 }, wallMs))
  }
  far('cedar', 1)
  far('fir', 2)
  const found = (pins: readonly string[]) =>
    candidates({ clock, keeper, external: fake.external, turns: NODES }, [], pins).flatMap(({ name }) =>
      name.startsWith('near') ? [] : [name],
    )
  expect([found([]), found(['Cedar']), found(['198.51.100.2:8088', 'cedar'])]).toEqual([[], ['cedar'], ['cedar', 'fir']])
})
