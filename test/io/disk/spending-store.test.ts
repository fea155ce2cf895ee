import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSpendingStore } from '../../../src/io/disk/spending-store.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-spending-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const open = () => createSpendingStore(join(dir, 'speed-tests.json'))
const ENTRY = { from: '2026-11-28T09:00:00.000Z', bytes: 7 }
const files = (): readonly string[] => readdirSync(dir).map((name) => name.replace(/\.broken-.*/, '.broken'))

test('what can be read is taken, by the hour from 1970', async () => {
  writeFileSync(join(dir, 'speed-tests.json'), JSON.stringify({ hours: [ENTRY] }))
  const store = open()
  expect([await store.readSpeedSpending(), store.notes()]).toEqual([[{ hour: Date.UTC(2026, 10, 28, 9) / 3_600_000, bytes: 7 }], []])
})

test.each([
  ['nothing', ''],
  ['half of it', '{"hours":[{"from":"2026-11-28T09:00'],
  ['another value', '7'],
  ['no hours', '{"hours":7}'],
  ['an hour that does not begin as hours do', JSON.stringify({ hours: [ENTRY, { ...ENTRY, from: '2026-11-28T09:30:00.000Z' }] })],
  ['no time', JSON.stringify({ hours: [{ ...ENTRY, from: 'lately' }] })],
  ['less than nothing', JSON.stringify({ hours: [{ ...ENTRY, bytes: -1 }] })],
  ['half a byte', JSON.stringify({ hours: [{ ...ENTRY, bytes: 0.5 }] })],
  ['more hours than are kept', JSON.stringify({ hours: Array.from({ length: 26 }, () => ENTRY) })],
  ['more than a day takes', JSON.stringify({ hours: [ENTRY], more: 'x'.repeat(20_000) })],
  ['depth', `{"hours":${'['.repeat(20_000)}`],
])('a file that holds %s is damaged: it is set aside and one sentence says so', async (_, text) => {
  writeFileSync(join(dir, 'speed-tests.json'), text)
  const store = open()
  expect([await store.readSpeedSpending(), files()]).toEqual(['damaged', ['speed-tests.json.broken']])
  const told = store.notes().map((note) => note.text.replaceAll(dir, 'DIR').replace(/broken-\S+,/, 'broken,'))
  expect(told).toEqual([
    'DIR/speed-tests.json could not be read; it was set aside as DIR/speed-tests.json.broken, and what speed tests have used is not known, so this node makes none by itself for a day',
  ])
})
