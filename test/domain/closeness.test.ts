import { expect, test } from 'vitest'
import { type ClosenessFacts, closenessOf, isAlmostBetter, turnCandidates } from '../../src/domain/closeness.ts'
import type { Row } from '../../src/domain/ip-table.ts'
import { foldBurst, NO_LATENCY } from '../../src/domain/latency.ts'
import type { PeerRecord } from '../../src/domain/record.ts'
import { signedBy } from '../records.ts'
import { EMPTY_TABLE, type IpTable, merge, recordBurst } from './pure-table.ts'

const measured = (times: number): Row['latency'] =>
  Array.from({ length: times }, (_, i) => i).reduce((so, i) => foldBurst(so, { type: 'answered', rttMs: 5 }, i), NO_LATENCY)

const FAR: ClosenessFacts = { isDeciding: false, isClose: false, isQuiet: false, wallMs: 100_000 }
test.each<[string, Row['state'], number, Partial<ClosenessFacts>, 'burst' | 'look']>([
  ['nobody has seen yet', 'unknown', 0, {}, 'burst'],
  ['has few values', 'alive', 3, {}, 'burst'],
  ['is well known', 'alive', 4, {}, 'look'],
  ['is well known and may become the TURN now', 'alive', 4, { isDeciding: true }, 'burst'],
  ['is near by and had a burst 59 s ago', 'alive', 4, { isClose: true, wallMs: 59_003 }, 'look'],
  ['is near by and had none for a minute', 'alive', 4, { isClose: true, wallMs: 60_003 }, 'burst'],
  ['is near by and had none for a minute in a quiet network', 'alive', 4, { isClose: true, isQuiet: true, wallMs: 60_003 }, 'look'],
  ['is near by and had none for three minutes there', 'alive', 4, { isClose: true, isQuiet: true, wallMs: 180_003 }, 'burst'],
  ['is well known and does not answer', 'suspect', 16, {}, 'burst'],
])('a row that %s', (_, state, times, facts, closeness) =>
  expect(closenessOf({ state, latency: measured(times) }, { ...FAR, ...facts })).toEqual(closeness),
)

test.each([
  ['by 10 ms and a third, and is worth the move', 20, 30, true],
  ['by 5 ms and a sixth', 25, 30, true],
  ['by less than 5 ms', 10.1, 15, false],
  ['by less than a sixth', 84, 100, false],
  ['not at all', 30, 20, false],
])('a TURN that is nearer %s', (_, candidateMs, currentMs, isAlmost) => expect(isAlmostBetter(candidateMs, currentMs)).toEqual(isAlmost))

/** Each with its latency; null: it was never heard from. */
function tableOf(rows: readonly (readonly [PeerRecord, number | null])[]): IpTable {
  let table = merge(
    EMPTY_TABLE,
    rows.map(([record]) => record),
    0,
  ).table
  for (const [{ id }, rttMs] of rows) if (rttMs !== null) table = recordBurst(table, id ?? '', { type: 'answered', rttMs }, 0).table
  return table
}
const peer = (name: string, n: number, more: Partial<PeerRecord> = {}): PeerRecord => signedBy(name, `192.0.2.${n}:8088`, more)

test('the nearest eight that answer, offer to be a TURN and are reached without one are the candidates', () => {
  const near = Array.from({ length: 10 }, (_, i) => [peer(`near${i}`, i + 1), 20 - i] as const)
  const { rows } = tableOf([
    ...near,
    [peer('self', 50), 0.1],
    [peer('silent', 51), null],
    [peer('unwilling', 52, { offersTurn: false }), 1],
    [peer('hidden', 53, { via: 'near0' }), 1],
  ])
  expect([...turnCandidates(rows.values(), 'self')]).toEqual(['near9', 'near8', 'near7', 'near6', 'near5', 'near4', 'near3', 'near2'])
})
