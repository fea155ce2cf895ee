import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { asideOf, keepPrivate, overwriteSync, replaceSync } from '../../../src/io/disk/private-file.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-private-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const OURS = [
  'ip_table.json',
  'ip_table.json.bak',
  '.ip_table.json.new',
  'ip_table.json.broken-2026',
  'operator.json',
  'leases.json',
  'speed-tests.json',
  'identity.json',
  'identity.json.replaced-2026',
  'control-token',
  'metrics-token',
  'network.json',
  'moonwalk.json',
  'moonwalk.log',
  'moonwalk.log.3',
  'moonwalk.pid',
]
const mode = (path: string): number => statSync(path).mode & 0o777

test('a directory from before is closed to others, and so are the node’s files in it and no others', () => {
  for (const name of [...OURS, 'notes.txt', 'my-ip_table.json']) {
    writeFileSync(join(dir, name), '')
    chmodSync(join(dir, name), 0o666)
  }
  chmodSync(dir, 0o777)
  expect([keepPrivate(dir), mode(dir)]).toEqual([null, 0o700])
  expect(OURS.map((name) => [name, mode(join(dir, name))])).toEqual(OURS.map((name) => [name, 0o600]))
  expect([mode(join(dir, 'notes.txt')), mode(join(dir, 'my-ip_table.json'))]).toEqual([0o666, 0o666])
})

test('what a link points at keeps its mode', () => {
  const elsewhere = join(dir, 'elsewhere')
  mkdirSync(join(dir, 'data'))
  writeFileSync(elsewhere, '')
  chmodSync(elsewhere, 0o644)
  symlinkSync(elsewhere, join(dir, 'data', 'identity.json'))
  keepPrivate(join(dir, 'data'))
  expect(mode(elsewhere)).toEqual(0o644)
})

test('a directory like /tmp is left as it is, and told, for others may write there', () => {
  chmodSync(dir, 0o1777)
  expect([keepPrivate(dir)?.text.replaceAll(dir, 'DIR'), lstatSync(dir).mode & 0o7777]).toEqual([
    'others may write in DIR (its mode is 1777), and so replace what this node keeps there',
    0o1777,
  ])
})

test.each(['file', 'file.new'])('a link is replaced, not followed: %s', (name) => {
  writeFileSync(join(dir, 'elsewhere'), 'of somebody else')
  symlinkSync(join(dir, 'elsewhere'), join(dir, name))
  replaceSync(join(dir, 'file'), 'ours')
  expect(['elsewhere', 'file'].map((one) => readFileSync(join(dir, one), 'utf8'))).toEqual(['of somebody else', 'ours'])
  expect([lstatSync(join(dir, 'file')).isFile(), mode(join(dir, 'file'))]).toEqual([true, 0o600])
})

test('what is written where it stands goes through no link', () => {
  writeFileSync(join(dir, 'elsewhere'), 'of somebody else')
  symlinkSync(join(dir, 'elsewhere'), join(dir, 'file'))
  expect(() => overwriteSync(join(dir, 'file'), 'ours')).toThrow('ELOOP')
  expect(readFileSync(join(dir, 'elsewhere'), 'utf8')).toEqual('of somebody else')
})

test('whatever the umask is, a file is for its owner alone', () => {
  const before = process.umask(0)
  try {
    replaceSync(join(dir, 'one'), '')
    overwriteSync(join(dir, 'two'), '')
  } finally {
    process.umask(before)
  }
  expect([mode(join(dir, 'one')), mode(join(dir, 'two'))]).toEqual([0o600, 0o600])
})

test('two files set aside within one millisecond have two names', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 0 })
  const names = [asideOf('identity.json'), asideOf('identity.json')]
  vi.useRealTimers()
  expect(names.map((name) => name.replace(/[\da-f]{6}$/, 'XXXXXX'))).toEqual(
    Array(2).fill('identity.json.replaced-1970-01-01T00-00-00-000Z-XXXXXX'),
  )
  expect(new Set(names).size).toEqual(2)
})
