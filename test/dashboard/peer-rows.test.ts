import { expect, test } from 'vitest'
import { type Filter, filtered, namesOf, type Order, rowsOnScreen, sorted } from '../../dashboard/peer-rows.ts'
import { aRow } from '../browser/fake-node.ts'

const rows = [
  aRow('oak', { rttMs: 1, state: 'offline' }),
  aRow('Elm', { rttMs: 30, turn: false }),
  aRow('birch', { rttMs: null, state: 'unknown', dialect: 'p2prc' }),
  aRow('ash', { rttMs: 20, state: 'suspect', via: aRow('Elm').id }),
  aRow('me', { rttMs: 99, self: true }),
]
const namesIn = (shown: typeof rows | ReturnType<typeof sorted>) => shown.map(({ name }) => name)

test.each<readonly [string, Order, readonly string[]]>([
  ['by latency', { key: 'rtt', down: false }, ['me', 'ash', 'Elm', 'birch', 'oak']],
  ['by latency, the other way round', { key: 'rtt', down: true }, ['me', 'Elm', 'ash', 'birch', 'oak']],
  ['by name, in any case', { key: 'name', down: false }, ['me', 'ash', 'birch', 'Elm', 'oak']],
  ['by a column that is not there', { key: 'colour', down: false }, ['me', 'Elm', 'ash', 'birch', 'oak']],
])('this node is first and who is offline last %s', (_, order, names) => expect(namesIn(sorted(rows, order))).toEqual(names))

test.each<readonly [string, Filter, readonly string[]]>([
  ['nothing', { text: ' ', kind: 'everybody' }, ['oak', 'Elm', 'birch', 'ash', 'me']],
  ['a part of a name', { text: 'BIR', kind: 'everybody' }, ['birch']],
  ['an address', { text: 'ash.test:80', kind: 'everybody' }, ['ash']],
  ['two words of two columns', { text: 'p2prc unknown', kind: 'everybody' }, ['birch']],
  ['the TURN it is reached through, by name', { text: 'elm', kind: 'suspect' }, ['ash']],
  ['those offline', { text: '', kind: 'offline' }, ['oak']],
  ['TURNs that are here', { text: '', kind: 'TURNs' }, ['birch', 'ash', 'me']],
  ['what nobody has', { text: 'xyz', kind: 'everybody' }, []],
])('looking for %s', (_, filter, names) => expect(namesIn(filtered(rows, filter, namesOf(rows)) as typeof rows)).toEqual(names))

test.each([
  ['at the top', 0, 5_000, { first: 0, end: 36 }],
  ['in the middle', 30_000, 5_000, { first: 992, end: 1_028 }],
  ['at the end', 149_400, 5_000, { first: 4_964, end: 5_000 }],
  ['further than there are rows', 9_000_000, 5_000, { first: 4_964, end: 5_000 }],
  ['of few rows', 0, 3, { first: 0, end: 3 }],
  ['of none', 0, 0, { first: 0, end: 0 }],
])('the rows on the screen %s', (_, scrollPx, count, expected) =>
  expect(rowsOnScreen({ scrollPx, heightPx: 600, rowPx: 30 }, count)).toEqual(expected),
)
