import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type KeptNetwork, readNetwork, writeNetwork } from '../../../src/io/disk/network-file.ts'

let dir = ''
let file = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-network-'))
  file = join(dir, 'network.json')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const secret = (of: number): string => Buffer.alloc(32, of).toString('base64url')
const [A, B] = [secret(1), secret(2)]
const PRIVATE: KeptNetwork = {
  type: 'private',
  keyring: { secrets: [A, B], added: B },
  seeds: [{ id: 'ab'.repeat(16), address: '203.0.113.7:8088' }],
}

test('what was written is read again, from a file for its owner alone in such a directory', async () => {
  const inner = join(dir, 'inner')
  for (const network of [{ type: 'open' } as const, PRIVATE, { ...PRIVATE, keyring: { secrets: [A], added: null } }]) {
    expect(await writeNetwork(inner, network)).toEqual(null)
    expect(readNetwork(inner)).toEqual(network)
  }
  expect([statSync(inner).mode & 0o777, statSync(join(inner, 'network.json')).mode & 0o777]).toEqual([0o700, 0o600])
  expect(readdirSync(inner)).toEqual(['network.json'])
})

test('a file that others may read is closed to them when it is read', () => {
  writeFileSync(file, '{"kind":"open"}', { mode: 0o644 })
  chmodSync(file, 0o644)
  expect(readNetwork(dir)).toEqual({ type: 'open' })
  expect(statSync(file).mode & 0o777).toEqual(0o600)
})

test('without the file a directory is fresh, or one of an older moonwalk', () => {
  expect(readNetwork(join(dir, 'missing'))).toEqual({ type: 'none' })
  expect(readNetwork(dir)).toEqual({ type: 'none' })
  writeFileSync(join(dir, 'ip_table.json'), '{}')
  expect(readNetwork(dir)).toEqual({ type: 'older', isTableAlone: true })
  writeFileSync(join(dir, 'identity.json'), '{}')
  expect(readNetwork(dir)).toEqual({ type: 'older', isTableAlone: false })
})

test.each([
  ['nothing', ''],
  ['half of it', '{"kind":"priv'],
  ['a list', '[]'],
  ['no kind', '{}'],
  ['another kind', '{"kind":"secret"}'],
  ['no secrets', '{"kind":"private"}'],
  ['an empty list of them', '{"kind":"private","secrets":[]}'],
  ['a short one', `{"kind":"private","secrets":["${A.slice(1)}"]}`],
  ['one in another spelling', `{"kind":"private","secrets":["${A.slice(0, -1)}F"]}`],
  ['four of them', JSON.stringify({ kind: 'private', secrets: [1, 2, 3, 4].map(secret) })],
  ['an added one that is not there', JSON.stringify({ kind: 'private', secrets: [A], added: B })],
  ['a seed without an id', JSON.stringify({ kind: 'private', secrets: [A], seeds: [{ address: '203.0.113.7:1' }] })],
  ['a seed without a port', JSON.stringify({ kind: 'private', secrets: [A], seeds: [{ id: 'ab'.repeat(16), address: '203.0.113.7' }] })],
])('a file that holds %s is refused, and never written over', async (_, text) => {
  writeFileSync(file, text)
  const refused = {
    type: 'refused',
    text: `${file} holds no network that can be read; restore it, or move it away to choose a network anew`,
  }
  expect(readNetwork(dir)).toEqual(refused)
  expect(await writeNetwork(dir, PRIVATE)).toEqual(refused)
  expect(readFileSync(file, 'utf8')).toEqual(text)
})

test('a link to nothing is a disk that is not there, and no fresh directory', async () => {
  symlinkSync(join(dir, 'elsewhere', 'network.json'), file)
  expect(readNetwork(dir)).toEqual({
    type: 'refused',
    text: `${file} is a link to a file that is not there; mount its disk or restore it: it says which network the node is in`,
  })
  expect((await writeNetwork(dir, PRIVATE))?.type).toEqual('refused')
  expect(existsSync(join(dir, 'elsewhere'))).toEqual(false)
})

test('what can not be written is said in one sentence', async () => {
  writeFileSync(join(dir, 'taken'), '')
  const inner = join(dir, 'taken', 'inner')
  expect(await writeNetwork(inner, PRIVATE)).toEqual({
    type: 'refused',
    text: `the node's network can't be read from ${join(inner, 'network.json')} (a file stands where its directory should be)`,
  })
})
