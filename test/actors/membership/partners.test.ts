import { expect, test } from 'vitest'
import { createPartners } from '../../../src/actors/membership/partners.ts'
import { recordVouched, removeRow } from '../../../src/domain/ip-table.ts'
import { signedBy } from '../../records.ts'
import { SeededRandom } from '../../sim/chance.ts'
import { stateParts } from '../state-parts.ts'

function start(count: number, told = 0, isCrowded = false) {
  const parts = stateParts()
  for (let i = 0; i < told; i++) {
    parts.hear(signedBy(`told${i}`, `198.51.100.${i}:8088`))
    parts.keeper.apply((table) => recordVouched(table, `told${i}`, ['ash', 'elm']))
  }
  for (let i = 0; i < count; i++) parts.prove(signedBy(`peer${i}`, `192.0.2.${i}:8088`))
  const partners = createPartners({
    table: () => parts.keeper.current(),
    random: new SeededRandom(1),
    self: parts.own.id,
    isWarm: () => false,
    isSpokenTo: () => false,
    isCrowded: () => isCrowded,
  })
  const met = (times: number): ReadonlySet<string> =>
    new Set(Array.from({ length: times }, () => partners.some(4, false).map(({ key }) => key)).flat())
  return { ...parts, partners, met }
}

test.each([
  [5, 5],
  [12, 12],
  [200, 12],
])('of %i peers words are pushed to %i', (count, expected) => expect(start(count).met(200).size).toEqual(expected))

const PLACES = Array.from({ length: 60 }, (_, i) => `${((i * 4) % 256).toString(16).padStart(2, '0')}${'0'.repeat(30)}`)

test('words that are told again go first to the two who come next by id, so that everybody is told by somebody', () => {
  const self = '1d'.padEnd(32, '0')
  const { keeper, prove } = stateParts()
  for (const [i, id] of PLACES.entries()) prove({ ...signedBy(id, `192.0.2.${i}:8088`), id })
  const again = createPartners({
    table: () => keeper.current(),
    random: new SeededRandom(1),
    self,
    isWarm: () => false,
    isSpokenTo: () => false,
    isCrowded: () => false,
  })
  const first = () => again.some(4, true).map(({ key }) => key.slice(0, 2))
  expect([first().slice(0, 2), first().slice(0, 2), new Set(first()).size]).toEqual([['20', '24'], ['20', '24'], 4])
  keeper.apply((table, wallMs) => removeRow(table, '20'.padEnd(32, '0'), 'no answer', wallMs))
  expect(first().slice(0, 2)).toEqual(['24', '28'])
})

test('who goes, or does not answer, is replaced', () => {
  const { partners, met, keeper } = start(200)
  const [gone = '', silent = ''] = [...met(200)]
  keeper.apply((table, wallMs) => removeRow(table, gone, 'no answer', wallMs))
  partners.failed(silent)
  const after = met(200)
  expect([after.size, after.has(gone)]).toEqual([12, false])
})

test('one of all others takes the place of who was there the longest', () => {
  const { partners, met } = start(200)
  const before = met(200)
  const another = partners.another()?.key ?? ''
  const after = met(200)
  expect([before.has(another), after.has(another), after.size, [...before].filter((key) => !after.has(key)).length]).toEqual([
    false,
    true,
    12,
    1,
  ])
})

const sorts = (keys: Iterable<string>): readonly string[] => [...keys].map((key) => key.slice(0, 4)).toSorted()

test('a node that has reached three of two hundred itself tells nine of the others too, and compares with any of those', () => {
  const { met, partners } = start(3, 197)
  expect(sorts(met(200))).toEqual([...Array(3).fill('peer'), ...Array(9).fill('told')])
  expect(new Set(sorts(Array.from({ length: 100 }, () => partners.another()?.key ?? '')))).toEqual(new Set(['told']))
})

test('who was only told of and does not answer is not asked again', () => {
  const { met, partners } = start(3, 60)
  const [silent = ''] = [...met(200)].filter((key) => key.startsWith('told'))
  partners.failed(silent)
  expect(met(200).has(silent)).toEqual(false)
})

test.each<[string, number, boolean, number?]>([
  ['which has reached twelve itself', 12, false],
  ['on a crowded machine', 3, true],
  ['in a small table', 3, false, 40],
])('a node %s gossips with nobody else', (_, count, isCrowded, told = 50) => {
  const { met, partners } = start(count, told, isCrowded)
  const all = new Set([...met(200), ...Array.from({ length: 100 }, () => partners.another()?.key ?? '')])
  expect([...new Set(sorts(all))]).toEqual(['peer'])
})

test('a node compares with one that it has reached where the others that it was told of do not answer', () => {
  const { partners } = start(3, 197)
  const asked = Array.from({ length: 10 }, () => {
    const key = partners.another()?.key ?? ''
    if (key.startsWith('told')) partners.failed(key)
    return key
  })
  expect(sorts(asked)).toEqual([...Array(5).fill('peer'), ...Array(5).fill('told')])
})

test('tables are compared with somebody to whom nothing is being said, if there is one', () => {
  const { keeper, prove } = stateParts()
  const talking = new Set<string>()
  const partners = createPartners({
    table: () => keeper.current(),
    random: new SeededRandom(1),
    self: 'self',
    isWarm: () => false,
    isSpokenTo: ({ key }) => talking.has(key),
    isCrowded: () => false,
  })
  for (const [i, name] of ['ash', 'elm'].entries()) prove(signedBy(name, `192.0.2.${i}:8088`))
  const drawn = (): ReadonlySet<string | undefined> => new Set(Array.from({ length: 40 }, () => partners.another()?.key))
  const free = drawn()
  talking.add('ash')
  expect([free, drawn()]).toEqual([new Set(['ash', 'elm']), new Set(['elm'])])
  talking.add('elm')
  expect(drawn()).toEqual(new Set(['ash', 'elm']))
})
