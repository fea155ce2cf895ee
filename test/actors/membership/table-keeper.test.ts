import { expect, test } from 'vitest'
import { merge, putOwn, recordBurst } from '../../../src/domain/ip-table.ts'
import { signedBy } from '../../records.ts'
import { stateParts } from '../state-parts.ts'

const ash = signedBy('ash', '192.0.2.1:8088')
const elm = signedBy('elm', '192.0.2.2:8088')

test('changes go out in their order before a step returns, and the table is then as they say', () => {
  const { keeper } = stateParts()
  const told: string[] = []
  keeper.changes$.subscribe(({ type, row }) => told.push(`${type} ${row.key}, ${keeper.current().rows.size} rows`))
  const changes = keeper.apply((table, wallMs) => merge(table, [ash, elm], wallMs))
  expect([told, changes.map(({ row }) => row.key)]).toEqual([
    ['heard ash, 2 rows', 'heard elm, 2 rows'],
    ['ash', 'elm'],
  ])
})

test('a step is given the wall time', async () => {
  const { keeper, clock, prove, leap } = stateParts()
  await clock.advance(5_000)
  leap(60_000)
  prove(ash)
  expect((keeper.current().rows.get('ash')?.lastProofMs ?? 0) - clock.wallMs()).toEqual(60_000)
})

test('a listener that changes the table in turn is told of that too', () => {
  const { keeper } = stateParts()
  const told: string[] = []
  keeper.changes$.subscribe(({ type, row }) => {
    told.push(`${type} ${row.key}`)
    if (type === 'heard') keeper.apply((table, wallMs) => recordBurst(table, row.key, { type: 'answered', rttMs: 5 }, wallMs))
  })
  keeper.apply((table, wallMs) => merge(table, [ash], wallMs))
  expect([told, keeper.current().rows.get('ash')?.state]).toEqual([['heard ash', 'added ash', 'measured ash'], 'alive'])
})

test("people hear of peers, and of this node's own row only its figures: the rest is its announcer's", () => {
  const { keeper, news, own, prove } = stateParts()
  prove(ash)
  const me = signedBy(own.id, '192.0.2.9:8088')
  keeper.apply((table, wallMs) => putOwn(table, me, wallMs))
  keeper.apply((table, wallMs) => recordBurst(table, own.id, { type: 'answered', rttMs: 1 }, wallMs))
  expect(news.map((one) => `${one.type} ${'peer' in one ? (one.peer === own.id ? 'me' : one.peer) : ''}`)).toEqual([
    'peer.added ash',
    'peer.measured ash',
    'peer.measured me',
  ])
})
