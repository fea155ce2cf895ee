import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTableStore } from '../../../src/io/disk/table-store.ts'
import { formatTableFile } from '../../../src/p2prc/table-codec.ts'
import type { StoredTable } from '../../../src/p2prc/table-file.ts'
import type { StoreNote } from '../../../src/ports.ts'

const tableOf = (...names: readonly string[]): StoredTable => ({
  rows: names.map((name, i) => ({
    id: null,
    name,
    host: '203.0.113.7',
    port: 8088 + i,
    latency: 12.4,
    download: null,
    upload: null,
    speedAt: null,
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
const told = (notes: readonly StoreNote[]): readonly string[] =>
  notes.map(({ text }) => text.replaceAll(dir, 'DIR').replace(/broken-[\dTZ-]+/, 'broken-TIME'))

test('a missing file is an empty table', async () => {
  expect(await createTableStore(file).read()).toEqual({ table: { rows: [] }, notes: [] })
})

test('what was written is read by the next start', async () => {
  await createTableStore(file).write(tableOf('ash', 'elm'))
  expect(await createTableStore(file).read()).toEqual({ table: tableOf('ash', 'elm'), notes: [] })
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
  ['a row too deep to be written again', `{"ip_address":[{"note":${'['.repeat(20_000)}${']'.repeat(20_000)}}]}`],
])('a damaged file is set aside and the last good copy is used: %s', async (_, damage) => {
  const store = createTableStore(file)
  await store.write(tableOf('ash'))
  await store.write(tableOf('ash', 'elm'))
  writeFileSync(file, damage)
  const { table, notes } = await createTableStore(file).read()
  expect(table).toEqual(tableOf('ash'))
  expect(told(notes)).toEqual([
    'DIR/ip_table.json could not be read as an IP table; it was set aside as DIR/ip_table.json.broken-TIME, and the last good copy, DIR/ip_table.json.bak, was used',
  ])
  const aside = fileNames().find((name) => name.includes('broken')) ?? ''
  expect(readFileSync(join(dir, aside), 'utf8')).toEqual(damage)
  expect(existsSync(file)).toEqual(false)
})

test('without a good copy the table starts empty, and says so', async () => {
  writeFileSync(file, 'not json')
  const { table, notes } = await createTableStore(file).read()
  expect(table).toEqual({ rows: [] })
  expect(told(notes)).toEqual([
    'DIR/ip_table.json could not be read as an IP table; it was set aside as DIR/ip_table.json.broken-TIME, and the seeds will be asked again',
  ])
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
  expect(await createTableStore(file).read()).toEqual({ table: { rows: [] }, notes: [] })
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

test('a link to a table outside of the data directory stays a link', async () => {
  const target = join(dir, 'elsewhere.json')
  writeFileSync(target, '{}')
  symlinkSync(target, file)
  await createTableStore(file, { followsLink: true }).write(tableOf('ash'))
  expect(readFileSync(target, 'utf8')).toEqual(formatTableFile(tableOf('ash')))
  expect((await createTableStore(file, { followsLink: true }).read()).table).toEqual(tableOf('ash'))
})

test('a link in the data directory is read and never written', async () => {
  const target = join(dir, 'elsewhere.json')
  writeFileSync(target, formatTableFile(tableOf('elm')))
  symlinkSync(target, file)
  const store = createTableStore(file)
  expect((await store.read()).table).toEqual(tableOf('elm'))
  const failure = await store.write(tableOf('ash'))
  expect([failure?.text.replaceAll(dir, 'DIR'), failure?.fix, readFileSync(target, 'utf8'), fileNames()]).toEqual([
    "the IP table can't be written to DIR/ip_table.json (it is a link, and none is followed in the data directory)",
    'Name the file that it links to with --table; the node goes on without.',
    formatTableFile(tableOf('elm')),
    ['elsewhere.json', 'ip_table.json'],
  ])
})

test.each(['.ip_table.json.new', '.ip_table.json.bak.new'])(
  'a link that stands where it writes first is not followed: %s',
  async (name) => {
    const target = join(dir, 'elsewhere.json')
    writeFileSync(target, 'of somebody else')
    const store = createTableStore(file)
    await store.write(tableOf('ash'))
    symlinkSync(target, join(dir, name))
    expect([await store.write(tableOf('elm')), readFileSync(target, 'utf8')]).toEqual([null, 'of somebody else'])
    expect((await createTableStore(file).read()).table).toEqual(tableOf('elm'))
  },
)

test('a table that can’t be written is an answer, and the file stays as it was', async () => {
  const blocked = join(dir, 'in-the-way', 'ip_table.json')
  writeFileSync(join(dir, 'in-the-way'), '')
  const store = createTableStore(blocked)
  const failure = await store.write(tableOf('ash'))
  expect([failure?.type, told(failure ? [failure] : [])]).toEqual([
    'failed',
    ["the IP table can't be written to DIR/in-the-way/ip_table.json (a file stands where its directory should be)"],
  ])
  rmSync(join(dir, 'in-the-way'))
  expect([await store.write(tableOf('elm')), store.notes()]).toEqual([null, []])
  expect((await createTableStore(blocked).read()).table).toEqual(tableOf('elm'))
})

test('a directory in the file’s place is left alone and told until it is gone', async () => {
  mkdirSync(join(file, 'with', 'something'), { recursive: true })
  const store = createTableStore(file)
  expect(await store.read()).toEqual({ table: { rows: [] }, notes: [] })
  const failure = await store.write(tableOf('ash'))
  expect([told(failure ? [failure] : []), fileNames(), existsSync(join(file, 'with', 'something'))]).toEqual([
    ["the IP table can't be written to DIR/ip_table.json (a directory is in its place)"],
    ['ip_table.json'],
    true,
  ])
  rmSync(file, { recursive: true })
  expect([await store.write(tableOf('ash')), store.notes()]).toEqual([null, []])
})

const CELLAR = { ipv4: '203.0.113.5', 'port no': '80 88', name: 'cellar' }
const fileOf = (...rows: readonly unknown[]): void => writeFileSync(file, JSON.stringify({ ip_address: rows }, null, 2))
const rowsInFile = (): readonly { readonly [key: string]: unknown }[] => JSON.parse(readFileSync(file, 'utf8')).ip_address

test('a row with a bad port is named with its line, as the file has it now, and stays in the file', async () => {
  fileOf({ ipv4: '203.0.113.7', 'port no': '8088' }, CELLAR)
  const store = createTableStore(file)
  const { notes } = await store.read()
  expect(told(notes)).toEqual(['DIR/ip_table.json, line 7: "cellar" has no usable port ("80 88")'])
  await store.write(tableOf('ash', 'elm'))
  expect([rowsInFile().at(-1), told(store.notes())]).toEqual([
    CELLAR,
    ['DIR/ip_table.json, line 23: "cellar" has no usable port ("80 88")'],
  ])
  expect(readFileSync(file, 'utf8').split('\n')[23 - 1]?.trim()).toEqual('{')
})

test('of many rows that can’t be used, ten are named and the rest are counted', async () => {
  fileOf(...Array.from({ length: 14 }, () => CELLAR))
  const { notes } = await createTableStore(file).read()
  expect([notes.length, told(notes).at(-1)]).toEqual([11, "DIR/ip_table.json has 4 more rows that can't be used"])
})

test('what somebody writes into the file while the node runs stays, and a new row is told', async () => {
  const store = createTableStore(file)
  await store.read()
  await store.write(tableOf('ash'))
  const [ash] = rowsInFile()
  fileOf({ ...ash, note: 'mine' }, { ipv4: '198.51.100.4', 'port no': '8088' })
  await store.write(tableOf('ash', 'elm'))
  expect(rowsInFile().map(({ ipv4, note }) => [ipv4, note])).toEqual([
    ['203.0.113.7', 'mine'],
    ['203.0.113.7', undefined],
    ['198.51.100.4', undefined],
  ])
  expect(store.notes().map(({ text, fix }) => [text.replaceAll(dir, 'DIR'), fix])).toEqual([
    [
      'DIR/ip_table.json, line 24: 198.51.100.4:8088 was written there while the node ran',
      'It is asked after the next start; `moonwalk add 198.51.100.4:8088` asks it now.',
    ],
  ])
})

test('a file that somebody breaks while the node runs is set aside before it is written again', async () => {
  const store = createTableStore(file)
  await store.write(tableOf('ash'))
  writeFileSync(file, '{"ip_address":[ oh')
  await store.write(tableOf('ash', 'elm'))
  const aside = fileNames().find((name) => name.includes('broken')) ?? ''
  expect([readFileSync(join(dir, aside), 'utf8'), rowsInFile().length]).toEqual(['{"ip_address":[ oh', 2])
})

test('a link to a file that is not there yet is followed, and becomes no copy', async () => {
  symlinkSync('elsewhere.json', file)
  const store = createTableStore(file, { followsLink: true })
  expect(await store.read()).toEqual({ table: { rows: [] }, notes: [] })
  expect([await store.write(tableOf('ash')), await store.write(tableOf('elm'))]).toEqual([null, null])
  expect([fileNames(), lstatSync(file).isSymbolicLink(), readFileSync(join(dir, 'elsewhere.json'), 'utf8')]).toEqual([
    ['elsewhere.json', 'elsewhere.json.bak', 'ip_table.json'],
    true,
    formatTableFile(tableOf('elm')),
  ])
})

test('a link into a directory that is not there, as of a disk that is not mounted, is told and left alone until it is', async () => {
  const there = join(dir, 'usb')
  symlinkSync(join(there, 'ip_table.json'), file)
  const store = createTableStore(file, { followsLink: true })
  await store.read()
  const failure = await store.write(tableOf('ash'))
  expect([failure?.text.replaceAll(dir, 'DIR'), existsSync(there), lstatSync(file).isSymbolicLink()]).toEqual([
    "the IP table can't be written to DIR/usb/ip_table.json, where DIR/ip_table.json links to, (its directory is not there)",
    false,
    true,
  ])
  mkdirSync(there)
  fileOf({ ipv4: '198.51.100.4', 'port no': '8088' })
  expect(await store.write(tableOf('ash'))).toEqual(null)
  expect(rowsInFile().map(({ ipv4 }) => ipv4)).toEqual(['203.0.113.7', '198.51.100.4'])
})

const elm = tableOf('ash', 'elm').rows[1]
const changes = { rows: elm ? [elm] : [], gone: [] }
const namesIn = async (): Promise<readonly string[]> => (await createTableStore(file).read()).table.rows.map(({ name }) => name)

test('what has changed is kept beside the file, for its owner alone, until the file is written', async () => {
  const store = createTableStore(file)
  await store.write(tableOf('ash'))
  const before = readFileSync(file, 'utf8')
  expect([await store.append(changes), await store.append({ rows: [], gone: [{ id: null, host: '203.0.113.7', port: 8_088 }] })]).toEqual([
    null,
    null,
  ])
  expect([readFileSync(file, 'utf8'), statSync(`${file}.journal`).mode & 0o777, await namesIn()]).toEqual([before, 0o600, ['elm']])
  await store.write(tableOf('fir'))
  expect([existsSync(`${file}.journal`), await namesIn()]).toEqual([false, ['fir']])
})

test('a crash while a change is written loses that one alone, and the next is written over it', async () => {
  const store = createTableStore(file)
  await store.write(tableOf('ash'))
  await store.append(changes)
  const whole = readFileSync(`${file}.journal`)
  for (const length of [whole.length - 1, whole.length - 40, 3, 0]) {
    writeFileSync(`${file}.journal`, whole.subarray(0, length))
    expect(await namesIn()).toEqual(['ash'])
  }
  writeFileSync(`${file}.journal`, Buffer.concat([whole, whole.subarray(90, 120)]))
  const again = createTableStore(file)
  await again.read()
  expect([await again.append({ rows: tableOf('a', 'b', 'oak').rows.slice(2), gone: [] }), await namesIn()]).toEqual([
    null,
    ['ash', 'elm', 'oak'],
  ])
})

test('a person’s edit of the file wins over what was kept beside it', async () => {
  const store = createTableStore(file)
  await store.write(tableOf('ash'))
  await store.append(changes)
  writeFileSync(file, formatTableFile(tableOf('oak')))
  expect(await namesIn()).toEqual(['oak'])
  // While the node runs all of it is written, with what the person wrote.
  expect(await store.append(changes)).toEqual('whole')
  const untouched = createTableStore(join(dir, 'none.json'))
  expect(await untouched.append(changes)).toEqual('whole')
})

test('a change that can’t be kept is a failure with its reason', async () => {
  const store = createTableStore(file)
  await store.write(tableOf('ash'))
  mkdirSync(`${file}.journal`)
  expect(await store.append(changes)).toEqual(expect.objectContaining({ type: 'failed' }))
})
