import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { setAside, writeDurably } from '../../../src/io/disk/durable-file.ts'
import { createTableStore } from '../../../src/io/disk/table-store.ts'

/** What the system says to a rename: it lets none pass where a file is a mount point of its own. */
const refusal = vi.hoisted(() => ({ code: '' }))
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  const rename: typeof real.rename = async (from, to) => {
    if (refusal.code !== '' && !String(to).endsWith('.bak')) throw Object.assign(new Error(refusal.code), { code: refusal.code })
    return real.rename(from, to)
  }
  return { ...real, rename }
})

let dir = ''
let file = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-durable-'))
  file = join(dir, 'it.json')
})
afterEach(() => {
  refusal.code = ''
  rmSync(dir, { recursive: true, force: true })
})

test.each(['EBUSY', 'EXDEV'])('a file that can’t be replaced is written in place: %s', async (code) => {
  writeFileSync(file, 'the old text, which is longer')
  const { ino } = statSync(file)
  refusal.code = code
  await writeDurably(file, 'the new text')
  expect([readFileSync(file, 'utf8'), statSync(file).ino, readdirSync(dir)]).toEqual(['the new text', ino, ['it.json']])
})

test.each(['ENOSPC', 'EIO'])('a disk that fails leaves the file as it was, and nothing beside it: %s', async (code) => {
  writeFileSync(file, 'the old text')
  refusal.code = code
  await expect(writeDurably(file, 'the new text')).rejects.toThrow(code)
  expect([readFileSync(file, 'utf8'), readdirSync(dir)]).toEqual(['the old text', ['it.json']])
})

test('a file that is not there is not made in place of one that can’t be replaced', async () => {
  refusal.code = 'EBUSY'
  await expect(writeDurably(file, 'the new text')).rejects.toThrow('EBUSY')
  expect(existsSync(file)).toEqual(false)
})

test('a table that is a mount point is saved, and its copy is the table before', async () => {
  writeFileSync(file, '{"ip_address":[],"mine":1}')
  refusal.code = 'EBUSY'
  const store = createTableStore(file)
  await store.read()
  expect([await store.write({ rows: [] }), store.notes()]).toEqual([null, []])
  expect([JSON.parse(readFileSync(file, 'utf8')), readFileSync(`${file}.bak`, 'utf8')]).toEqual([
    { ip_address: [], mine: 1 },
    '{"ip_address":[],"mine":1}',
  ])
})

test('a damaged file that can’t be moved is copied aside', async () => {
  writeFileSync(file, 'oh')
  refusal.code = 'EBUSY'
  const aside = await setAside(file)
  expect([aside.isSaved, readdirSync(dir).map((name) => readFileSync(join(dir, name), 'utf8'))]).toEqual([true, ['oh', 'oh']])
})

test('a damaged table that can’t be set aside is not written over', async () => {
  writeFileSync(file, 'oh')
  refusal.code = 'EIO'
  const store = createTableStore(file)
  await store.read()
  refusal.code = ''
  expect((await store.write({ rows: [] }))?.text.replaceAll(dir, 'DIR')).toEqual(
    "the IP table can't be written to DIR/it.json (what it holds can neither be read nor set aside)",
  )
  expect(readFileSync(file, 'utf8')).toEqual('oh')
})
