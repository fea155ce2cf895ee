import { expect, test } from 'vitest'
import { changeLines, readChangeLines, type TableChanges, withChanges } from '../../src/p2prc/table-changes.ts'
import type { StoredRow } from '../../src/p2prc/table-file.ts'

const row = (name: string, other: Partial<StoredRow> = {}): StoredRow => ({
  ...{ id: name, name, host: '203.0.113.7', port: 8_088, latency: 1, download: null, upload: null },
  ...{ speedAt: null, lastSeen: null, envelope: `{"of":"${name}"}`, p2prc: null },
  ...other,
})
const unsigned = row('pc', { id: null, envelope: null, host: '203.0.113.9' })
const place = ({ id, host, port }: StoredRow) => ({ id, host, port })
const NOTHING: TableChanges = { rows: [], gone: [] }

test.each<[string, TableChanges, readonly StoredRow[]]>([
  ['nothing', NOTHING, [row('ash'), unsigned]],
  ['a row that changed stays in its place', { rows: [row('ash', { latency: 9 })], gone: [] }, [row('ash', { latency: 9 }), unsigned]],
  ['one that moved too', { rows: [row('ash', { host: '198.51.100.1' })], gone: [] }, [row('ash', { host: '198.51.100.1' }), unsigned]],
  ['a new one comes last', { rows: [row('elm')], gone: [] }, [row('ash'), unsigned, row('elm')]],
  ['one that is gone', { rows: [], gone: [place(row('ash', { host: '198.51.100.1' }))] }, [unsigned]],
  ['one that nobody signs is known by its address', { rows: [], gone: [place(unsigned)] }, [row('ash')]],
  [
    'one that has got an id',
    { rows: [row('pc', { host: '203.0.113.9' })], gone: [place(unsigned)] },
    [row('ash'), row('pc', { host: '203.0.113.9' })],
  ],
])('after %s', (_, changes, rows) => expect(withChanges({ rows: [row('ash'), unsigned] }, changes)).toEqual({ rows }))

test('lines say what was written, and of several about one server the last counts', () => {
  const text = [
    { rows: [row('ash'), row('elm'), unsigned], gone: [] },
    { rows: [row('ash', { latency: 7 })], gone: [place(row('elm'))] },
  ]
    .map(changeLines)
    .join('')
  expect(readChangeLines(text)).toEqual({
    rows: [row('ash', { latency: 7 }), unsigned],
    gone: [place(row('elm'))],
    wholeChars: text.length,
  })
})

test('a line that was cut off counts no more than what follows it', () => {
  const whole = changeLines({ rows: [row('ash')], gone: [] })
  const next = changeLines({ rows: [row('elm')], gone: [] })
  for (let at = 0; at < next.length; at++)
    expect(readChangeLines(whole + next.slice(0, at))).toEqual({ rows: [row('ash')], gone: [], wholeChars: whole.length })
  expect(readChangeLines(`${whole}{"row":7}\n${next}`).wholeChars).toEqual(whole.length)
})
