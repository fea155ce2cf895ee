import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTableStore } from '../../../src/io/disk/table-store.ts'
import { formatTableFile } from '../../../src/p2prc/table-codec.ts'
import type { StoredTable } from '../../../src/p2prc/table-file.ts'

const tableOf = (...names: readonly string[]): StoredTable => ({
  rows: names.map((name, i) => ({
    id: null,
    name,
    host: '203.0.113.7',
    port: 8088 + i,
    latency: 12.4,
    download: null,
    upload: null,
    lastSeen: null,
    envelope: null,
    p2prc: null,
  })),
})

let dir = ''
let file = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-store-'))
  file = join(dir, 'ip_table.json')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const fileNames = (): readonly string[] => readdirSync(dir).sort()
/** The time in the name of a file that was set aside differs. */
const told = (note: string | null): string | undefined => note?.replaceAll(dir, 'DIR').replace(/broken-[\dTZ-]+/, 'broken-TIME')

test('a missing file is an empty table', async () => {
  expect(await createTableStore(file).read()).toEqual({ table: { rows: [] }, note: null })
})

test('what was written is read by the next start', async () => {
  await createTableStore(file).write(tableOf('ash', 'elm'))
  expect(await createTableStore(file).read()).toEqual({ table: tableOf('ash', 'elm'), note: null })
  expect(fileNames()).toEqual(['ip_table.json'])
  expect(statSync(file).mode & 0o777).toEqual(0o600)
})

test('a missing directory is made, for its owner alone', async () => {
  const deep = join(dir, 'a', 'b', 'ip_table.json')
  await createTableStore(deep).write(tableOf('ash'))
  expect((await createTableStore(deep).read()).table).toEqual(tableOf('ash'))
  expect(statSync(join(dir, 'a', 'b')).mode & 0o777).toEqual(0o700)
})

test('writes that were asked for at once are done in their order', async () => {
  const store = createTableStore(file)
  await Promise.all([...'abcdefgh'].map((name) => store.write(tableOf(name))))
  expect([readFileSync(file, 'utf8'), readFileSync(`${file}.bak`, 'utf8')]).toEqual([
    formatTableFile(tableOf('h')),
    formatTableFile(tableOf('g')),
  ])
  expect(fileNames()).toEqual(['ip_table.json', 'ip_table.json.bak'])
})

test.each([
  ['half a file', '{"ip_address":[{"ipv4":'],
  ['an empty file', ''],
  ['NUL bytes after a power cut', '\0'.repeat(512)],
  ['another shape', '{"name":"x"}'],
])('a damaged file is set aside and the last good copy is used: %s', async (_, damage) => {
  const store = createTableStore(file)
  await store.write(tableOf('ash'))
  await store.write(tableOf('ash', 'elm'))
  writeFileSync(file, damage)
  const { table, note } = await createTableStore(file).read()
  expect(table).toEqual(tableOf('ash'))
  expect(told(note)).toEqual(
    'DIR/ip_table.json could not be read as an IP table; it was set aside as DIR/ip_table.json.broken-TIME, and the last good copy, DIR/ip_table.json.bak, was used',
  )
  const aside = fileNames().find((name) => name.includes('broken')) ?? ''
  expect(readFileSync(join(dir, aside), 'utf8')).toEqual(damage)
  expect(existsSync(file)).toEqual(false)
})

test('without a good copy the table starts empty, and says so', async () => {
  writeFileSync(file, 'not json')
  const { table, note } = await createTableStore(file).read()
  expect(table).toEqual({ rows: [] })
  expect(told(note)).toEqual(
    'DIR/ip_table.json could not be read as an IP table; it was set aside as DIR/ip_table.json.broken-TIME, and the seeds will be asked again',
  )
})

test('a damaged copy beside a damaged file is not used', async () => {
  writeFileSync(file, 'not json')
  writeFileSync(`${file}.bak`, 'nor this')
  expect((await createTableStore(file).read()).table).toEqual({ rows: [] })
})

test('a deleted file is an empty table, although a copy is there', async () => {
  const store = createTableStore(file)
  await store.write(tableOf('ash'))
  await store.write(tableOf('ash', 'elm'))
  rmSync(file)
  expect(await createTableStore(file).read()).toEqual({ table: { rows: [] }, note: null })
})

test('a damaged file never becomes the copy that saves the next start', async () => {
  const store = createTableStore(file)
  await store.write(tableOf('ash'))
  await store.write(tableOf('elm'))
  writeFileSync(file, 'not json')
  const next = createTableStore(file)
  await next.read()
  await next.write(tableOf('fir'))
  expect([readFileSync(file, 'utf8'), readFileSync(`${file}.bak`, 'utf8')]).toEqual([
    formatTableFile(tableOf('fir')),
    formatTableFile(tableOf('ash')),
  ])
})

test('what a person edited is read, and unusable rows are counted', async () => {
  writeFileSync(file, '{"ip_address":[{"ipv4":"203.0.113.7","latency":"12.4","port no":"8088","name":"ash"},{"ipv4":"nowhere at all"}]}')
  const { table, note } = await createTableStore(file).read()
  expect(table).toEqual(tableOf('ash'))
  expect(told(note)).toEqual('DIR/ip_table.json has a row without a usable address; it was left out')
})

test('a link stays a link', async () => {
  const target = join(dir, 'elsewhere.json')
  writeFileSync(target, '{}')
  symlinkSync(target, file)
  await createTableStore(file).write(tableOf('ash'))
  expect(readFileSync(target, 'utf8')).toEqual(formatTableFile(tableOf('ash')))
  expect((await createTableStore(file).read()).table).toEqual(tableOf('ash'))
})

test('a table that can’t be written is told once, and the file stays as it was', async () => {
  const troubles: string[] = []
  const blocked = join(dir, 'in-the-way', 'ip_table.json')
  writeFileSync(join(dir, 'in-the-way'), '')
  const store = createTableStore(blocked, { onTrouble: (text) => troubles.push(text.replaceAll(dir, 'DIR').replace(/\(.*\)/, '(why)')) })
  await store.write(tableOf('ash'))
  await store.write(tableOf('ash'))
  rmSync(join(dir, 'in-the-way'))
  await store.write(tableOf('elm'))
  expect(troubles).toEqual(["the IP table can't be written to DIR/in-the-way/ip_table.json (why)"])
  expect((await createTableStore(blocked).read()).table).toEqual(tableOf('elm'))
})

test('a directory in the file’s place is set aside', async () => {
  mkdirSync(file)
  const store = createTableStore(file)
  expect((await store.read()).table).toEqual({ rows: [] })
  await store.write(tableOf('ash'))
  expect((await createTableStore(file).read()).table).toEqual(tableOf('ash'))
})
