import { expect, test } from 'vitest'
import { KeptTable, merge, recordBurst, recordLooks, recordVouched } from '../../src/domain/ip-table.ts'
import { ALONE } from '../../src/domain/suspicion.ts'
import { signedBy } from '../records.ts'

const COMPANY = { ...ALONE, canAsk: true, members: 9 }

test.each<[string, readonly string[], readonly string[], string]>([
  ['goes where others miss it as well', [], ['ash', 'fir'], 'gone'],
  ['is suspected where one does', [], ['fir'], 'suspect'],
  ['stays where one reaches it', ['fir'], ['ash', 'elm'], 'alive'],
])('who is listed by word alone, and does not answer, %s', (_, reachedBy, missedBy, expected) => {
  const table = new KeptTable()
  merge(table, [signedBy('oak', '192.0.2.9:8088')], 0)
  recordVouched(table, 'oak', ['ash', 'elm'])
  recordBurst(table, 'oak', { type: 'silent', refused: false, why: 'no answer' }, 0, null, 'fine', COMPANY)
  recordLooks(table, 'oak', { reachedBy, missedBy }, 'no answer', 0)
  expect(table.rows.get('oak')?.state ?? 'gone').toEqual(expected)
})
