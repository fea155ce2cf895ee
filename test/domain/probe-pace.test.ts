import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NOT_MEASURED } from '../../src/domain/ip-table.ts'
import { nextProbeMs, type ProbeCircumstances, withheldMs } from '../../src/domain/probe-pace.ts'
import { signedBy } from '../records.ts'

const FEW: ProbeCircumstances = { rows: 3, isClose: false, isFirst: false, refused: false, isolated: false, isQuiet: false, silentForMs: 0 }
const NODE = { strikes: 0, stored: null, reachedBy: [], record: signedBy('ash', '192.0.2.1:8088') }
const P2PRC = { ...NODE, record: { ...NODE.record, id: null, envelope: null } }
const silent = (strikes: number) => ({ ...NODE, strikes })
const stored = (strikes: number) => ({ ...NODE, strikes, stored: NOT_MEASURED })

test.each<[string, Parameters<typeof nextProbeMs>[0], Partial<ProbeCircumstances>, number]>([
  ['a node', NODE, {}, 5_000],
  ['a P2PRC node, whose answer costs it more', P2PRC, {}, 30_000],
  ['a node in a table of 10, the share of which is two thirds of a second a row', NODE, { rows: 10 }, 10_000 / 1.5],
  ['a node in a table of 36', NODE, { rows: 36 }, 24_000],
  ['a P2PRC node in a table of 40', P2PRC, { rows: 40 }, 30_000],
  ['a node in a table of 48, the largest that is watched whole', NODE, { rows: 48 }, 32_000],
  ['a node in a table of 10,000, one of which is pinged in four seconds', NODE, { rows: 10_000 }, 40_000_000],
  ['one that is looked at closely there', NODE, { rows: 10_000, isClose: true }, 10_000],
  ['one that is looked at closely in a small table, as all are', NODE, { rows: 36, isClose: true }, 24_000],
  ['a node in a quiet network', NODE, { isQuiet: true }, 15_000],
  ['one of 10 in a quiet network', NODE, { isQuiet: true, rows: 10 }, 20_000],
  ['one of 48 in a quiet network, before its connection is closed', NODE, { isQuiet: true, rows: 48 }, 45_000],
  ['one of 10,000 in a quiet network, as rarely as else', NODE, { isQuiet: true, rows: 10_000 }, 40_000_000],
  ['one that is looked at closely there in a quiet network', NODE, { isQuiet: true, rows: 10_000, isClose: true }, 30_000],
  ['who was silent in a network that was quiet until now', silent(1), { isQuiet: true }, 1_000],
  ['whom others reach and this node missed once', { ...silent(1), reachedBy: ['elm'] }, {}, 2_000],
  ['whom others reach and this node missed again and again', { ...silent(9), reachedBy: ['elm'] }, {}, 15_000],
  ['who was silent', silent(1), {}, 1_000],
  ['who was silent twice', silent(2), {}, 1_000],
  ['who refused', silent(1), { refused: true }, 300],
  ['who was silent, however large the table', silent(1), { rows: 10_000 }, 1_000],
  ['who was silent while this node is in doubt of itself', silent(1), { isolated: true }, 500],
  ['one of eighty who was silent while this node is in doubt of itself', silent(1), { isolated: true, rows: 80 }, 10_000],
  ['who answered last, while this node is in doubt of itself', NODE, { isolated: true }, 5_000],
  ['a row of the file that was not asked yet', stored(0), {}, 5_000],
  ['one that was silent once', stored(1), {}, 1_000],
  ['one that was silent twice', stored(2), {}, 2_000],
  ['one that was silent four times', stored(4), {}, 8_000],
  ['one that was silent five times', stored(5), {}, 10_000],
  ['one that was silent a thousand times', stored(1_000), { silentForMs: 3_600_000 }, 10_000],
  ['one that was silent for more than an hour', stored(1_000), { silentForMs: 3_600_001 }, 300_000],
  ['one that refused, which says no more than silence', stored(1), { refused: true }, 1_000],
  ['one of 1,000 rows, whose share is more than 10 s', stored(1), { rows: 1_000 }, 10_000],
  ['one of 18 rows, whose share is 6 s', stored(1), { rows: 18 }, 6_000],
  ['one of 10,000 rows after an hour', stored(50), { rows: 10_000, silentForMs: 3_600_001 }, 300_000],
  ['one that was silent while this node is in doubt of itself', stored(9), { isolated: true, silentForMs: 3_600_001 }, 500],
])('%s is pinged again after so long', (_, row, circumstances, expected) =>
  expect(nextProbeMs(row, { ...FEW, ...circumstances }, 0.5)).toEqual(expected),
)

test.each<[string, Partial<ProbeCircumstances>, readonly number[]]>([
  ['of a large table is pinged again at any time up to its share', { rows: 400 }, [5_000, 800_000, 1_600_000]],
  ['that is close is pinged again as later', { rows: 400, isClose: true }, [7_500, 10_000, 12_500]],
  ['of a small table too', { rows: 3 }, [3_750, 5_000, 6_250]],
])('a row %s after its first ping', (_, circumstances, expected) =>
  expect([0, 0.5, 1].map((one) => nextProbeMs(NODE, { ...FEW, isFirst: true, ...circumstances }, one))).toEqual(expected),
)

test('chance draws 0.75 to 1.25 of it', () => expect([0, 1].map((one) => nextProbeMs(NODE, FEW, one))).toEqual([3_750, 6_250]))

test('however large the table is, all its rows together cost no more than three pings in two seconds', () =>
  fc.assert(
    fc.property(fc.integer({ min: 8, max: 100_000 }), (rows) => {
      expect((rows * 1_000) / nextProbeMs(NODE, { ...FEW, rows }, 0.5)).toBeLessThanOrEqual(1.500_001)
    }),
  ))

test.each([
  ['as soon as it may be asked', 5_000, 0, 5_000],
  ['or a little later, so that not all wait for the same moment', 45_000, 0.5, 45_500],
  ['and no later than the others, in case the reason goes away', 600_000, 0.5, 120_000],
])('a row that this node may not ask yet is planned again %s', (_, retryMs, fraction, expected) =>
  expect(withheldMs(retryMs, fraction)).toEqual(expected),
)
