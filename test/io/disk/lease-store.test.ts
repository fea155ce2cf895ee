import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLeaseStore } from '../../../src/io/disk/lease-store.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-leases-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const read = (text: string) => {
  writeFileSync(join(dir, 'leases.json'), text)
  return createLeaseStore(join(dir, 'leases.json')).readLeases()
}
const ENTRY = { kind: 'tcp', what: '20000', owner: 'token', proxy: 'web', 'away since': '2026-01-01T00:00:00.000Z' }
const LEASE = { kind: 'tcp', what: '20000', owner: 'token', proxy: 'web', awaySinceMs: Date.UTC(2026, 0) }

test.each([
  ['another kind', { kind: 'port' }],
  ['a port beyond all ports', { what: '65536' }],
  ['a port that is no number', { what: 'x' }],
  ['nothing that is kept', { what: '' }],
  ['no owner', { owner: '' }],
  ['a number for a name', { proxy: 7 }],
  ['a name of 2,000 characters', { proxy: 'x'.repeat(2_000) }],
  ['no time', { 'away since': 'lately' }],
])('an entry with %s is left out, and no other one', async (_, wrong) => {
  expect(await read(JSON.stringify({ leases: [{ ...ENTRY, ...wrong }, ENTRY] }))).toEqual([LEASE])
})

test.each(['', '{', '[]', '7', '{"leases":7}', `{"leases":${'['.repeat(20_000)}`])('a file that holds %j holds no leases', async (text) => {
  expect(await read(text)).toEqual([])
})
