import { expect, test } from 'vitest'
import { createPartners } from '../../../src/actors/membership/partners.ts'
import { removeRow } from '../../../src/domain/ip-table.ts'
import { signedBy } from '../../records.ts'
import { SeededRandom } from '../../sim/chance.ts'
import { stateParts } from '../state-parts.ts'

function start(count: number) {
  const parts = stateParts()
  for (let i = 0; i < count; i++) parts.prove(signedBy(`peer${i}`, `192.0.2.${i}:8088`))
  const partners = createPartners({
    table: () => parts.keeper.current(),
    random: new SeededRandom(1),
    self: parts.own.id,
    isWarm: () => false,
    isCrowded: () => false,
  })
  const met = (times: number): ReadonlySet<string> =>
    new Set(Array.from({ length: times }, () => partners.some(4).map(({ key }) => key)).flat())
  return { ...parts, partners, met }
}

test.each([
  [5, 5],
  [12, 12],
  [200, 12],
])('of %i peers words are pushed to %i', (count, expected) => expect(start(count).met(200).size).toEqual(expected))

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
