import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockDataDir } from '../../src/io/disk/data-lock.ts'
import { loadIdentity } from '../../src/io/disk/identity.ts'
import { command } from './command.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-identity-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const here = (text: string): string => text.replaceAll(dir, 'DIR').replaceAll(/replaced-[\dTZ-]+-[\da-f]{6}/g, 'replaced-TIME')
const identity = async (...args: readonly string[]) => {
  const { code, out, err } = await command(['identity', ...args, '--data', dir])
  return { code, out: here(out), err: here(err) }
}
function idHere(): string {
  const loaded = loadIdentity(dir)
  return loaded.type === 'loaded' ? loaded.identity.id : loaded.text
}

test('the id of a node is printed, whether it runs or not', async () => {
  const id = idHere()
  expect([await identity(), await identity('--json')]).toEqual([
    { code: 0, out: `${id}\n`, err: '' },
    { code: 0, out: `{"schemaVersion":1,"id":"${id}"}\n`, err: '' },
  ])
})

test('a stopped node is given a new key, and the old one is kept', async () => {
  const before = idHere()
  const old = readFileSync(join(dir, 'identity.json'), 'utf8')
  writeFileSync(join(dir, 'control-token'), 'of-the-machine-it-was-cloned-from')
  const said = await identity('renew')
  const id = idHere()
  expect(id).not.toEqual(before)
  expect(said).toEqual({
    code: 0,
    out: `the node of DIR is ${id} from its next start on; the key of ${before} is kept in DIR/identity.json.replaced-TIME\n`,
    err: '',
  })
  const [key = '', aside = '', ...others] = readdirSync(dir).sort()
  expect([key, readFileSync(join(dir, aside), 'utf8'), statSync(join(dir, aside)).mode & 0o777, others]).toEqual([
    'identity.json',
    old,
    0o600,
    [],
  ])
})

test('a key that can’t be read is set aside as well', async () => {
  writeFileSync(join(dir, 'identity.json'), 'rubbish')
  const { code, out } = await identity('renew', '--json')
  expect([code, JSON.parse(out)]).toEqual([0, { schemaVersion: 1, id: idHere(), before: null, aside: 'DIR/identity.json.replaced-TIME' }])
})

test('the key of a node that runs is not renewed', async () => {
  const id = idHere()
  const lock = await lockDataDir(dir)
  expect(await identity('renew')).toEqual({
    code: 1,
    out: '',
    err: `the node of DIR runs (pid ${process.pid}); stop it first: a node keeps its key while it runs\n`,
  })
  if (lock.type === 'locked') lock.release()
  expect(idHere()).toEqual(id)
})

test.each<[readonly string[], number, string]>([
  [[], 1, 'DIR holds no key yet: it is made by the first `moonwalk up`; name another directory with --data'],
  [['renew'], 1, 'DIR holds no key yet: it is made by the first `moonwalk up`; name another directory with --data'],
  [['renwe'], 2, 'identity knows no "renwe"; there is `moonwalk identity renew`'],
])('without a key, or with another word, there is a sentence: %j', async (args, code, err) => {
  expect(await identity(...args)).toEqual({ code, out: '', err: `${err}\n` })
  expect(readdirSync(dir)).toEqual([])
})

test('a key whose disk is not there is never made anew', async () => {
  symlinkSync(join(dir, 'usb', 'identity.json'), join(dir, 'identity.json'))
  const text = "DIR/identity.json is a link to a file that is not there; mount its disk or restore it, since it is the node's key"
  expect([await identity(), here(idHere())]).toEqual([{ code: 1, out: '', err: `${text}\n` }, text])
})
