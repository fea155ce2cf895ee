import { expect, test } from 'vitest'
import { readPageAsk } from '../../../src/io/control/page-query.ts'

const SORT = 'sort must be one of rtt, name, address, state, down, up, seen, turn, via, id, with - in front for the greatest first.'

test.each<[string, string, ReturnType<typeof readPageAsk>]>([
  ['nothing: everybody', '', null],
  ['what is no word of a page: everybody', 'pretty=1', null],
  ['a page', 'limit=50&offset=100', { limit: 50, offset: 100, search: '', isDown: false }],
  ['an order', 'sort=name', { sort: 'name', search: '', isDown: false }],
  ['the greatest first', 'sort=-rtt&search=ash', { sort: 'rtt', search: 'ash', isDown: true }],
  ['no rows', 'limit=0', 'limit must be a number from 1 to 1000.'],
  ['too many rows', 'limit=1001', 'limit must be a number from 1 to 1000.'],
  ['no number', 'offset=-1', 'offset must be a number from 0 on.'],
  ['no such order', 'sort=colour', SORT],
  ['a search that is too long', `search=${'x'.repeat(257)}`, 'search has at most 256 characters.'],
])('%s', (_, query, asked) => expect(readPageAsk(new URLSearchParams(query))).toEqual(asked))
