import { expect, test } from 'vitest'
import { KeptTable, merge, recordBurst, recordLooks, recordVouched, recordWithheld } from '../../src/domain/ip-table.ts'
import { ALONE, suspicionMs } from '../../src/domain/suspicion.ts'
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

const LASTS_MS = suspicionMs(0, COMPANY)

test.each<[string, 'told' | 'reached', number, readonly string[], number, string]>([
  ['goes where two others miss it as well, and none has refuted it for long enough', 'told', 1, ['ash', 'fir'], LASTS_MS, 'gone'],
  ['stays where that is not long yet', 'told', 1, ['ash', 'fir'], LASTS_MS - 1, 'suspect'],
  ['stays where but one other misses it', 'told', 1, ['ash'], LASTS_MS, 'suspect'],
  ['stays where this node has not missed it itself', 'told', 0, [], LASTS_MS, 'alive'],
  ['stays where this node has reached it before', 'reached', 1, ['ash', 'fir'], LASTS_MS, 'suspect'],
])('who may not be asked again, and is listed by word alone, %s', (_, how, misses, missedBy, afterMs, expected) => {
  const table = new KeptTable()
  merge(table, [signedBy('oak', '192.0.2.9:8088')], 0)
  if (how === 'told') recordVouched(table, 'oak', ['ash', 'elm'])
  else recordBurst(table, 'oak', { type: 'answered', rttMs: 5 }, 0)
  for (let miss = 0; miss < misses; miss++)
    recordBurst(table, 'oak', { type: 'silent', refused: false, why: 'no answer' }, 0, null, 'fine', COMPANY)
  if (misses > 0) recordLooks(table, 'oak', { reachedBy: [], missedBy }, 'no answer', 0)
  recordWithheld(table, 'oak', afterMs, COMPANY)
  expect(table.rows.get('oak')?.state ?? 'gone').toEqual(expected)
})
