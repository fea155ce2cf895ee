import { expect, test } from 'vitest'
import { KeptTable, merge, recordBurst, recordLooks, recordVouched } from '../../src/domain/ip-table.ts'
import { ALONE } from '../../src/domain/suspicion.ts'
import { signedBy } from '../records.ts'

const COMPANY = { ...ALONE, canAsk: true, members: 9 }

test.each<[string, number, readonly string[], readonly string[], string]>([
  ['twice, goes where three others miss it as well', 2, [], ['ash', 'fir', 'yew'], 'gone'],
  ['twice, is suspected where two do', 2, [], ['ash', 'fir'], 'suspect'],
  ['once, is suspected whoever misses it', 1, [], ['ash', 'fir', 'yew'], 'suspect'],
  ['twice, stays where one reaches it', 2, ['fir'], ['ash', 'elm'], 'alive'],
])('who is listed by word alone, and does not answer %s', (_, times, reachedBy, missedBy, expected) => {
  const table = new KeptTable()
  merge(table, [signedBy('oak', '192.0.2.9:8088')], 0)
  recordVouched(table, 'oak', ['ash', 'elm'])
  for (let time = 0; time < times; time++)
    recordBurst(table, 'oak', { type: 'silent', refused: false, why: 'no answer' }, 0, null, 'fine', COMPANY)
  recordLooks(table, 'oak', { reachedBy, missedBy }, 'no answer', 0)
  expect(table.rows.get('oak')?.state ?? 'gone').toEqual(expected)
})
