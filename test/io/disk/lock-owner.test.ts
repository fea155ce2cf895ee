import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { fateOf, newKey, type Owner, ownerIn, ownerName, ownerText, ownOwner } from '../../../src/io/disk/lock-owner.ts'

const SELF = ownOwner(true, newKey())
const gone = spawnSync(process.execPath, ['--version']).pid

const STRANGER: Partial<Owner> = { pid: gone }
const OTHER_BOOT: Partial<Owner> = { boot: '00000000' }
const OTHER_CONTAINER: Partial<Owner> = { namespace: '1' }
const UNKNOWN_BOOT: Partial<Owner> = { boot: '' }
const [LOCAL, SHARED] = [false, true]

test.each<[string, Partial<Owner>, boolean | null, boolean, ReturnType<typeof fateOf>]>([
  ['whoever answers at its socket', OTHER_BOOT, true, SHARED, 'alive'],
  ['this very process', {}, null, LOCAL, 'alive'],
  ['this very process, its socket deleted', {}, false, LOCAL, 'alive'],
  ['a pid that is gone', STRANGER, false, LOCAL, 'dead'],
  ['a pid that was given to another', { start: '1' }, false, LOCAL, 'dead'],
  ['a boot before this one', OTHER_BOOT, false, LOCAL, 'dead'],
  ['another machine, or a boot before this one, on a shared disk', OTHER_BOOT, false, SHARED, 'unsure'],
  ['another container whose socket is silent', OTHER_CONTAINER, false, LOCAL, 'dead'],
  ['another container whose socket is silent, on a shared disk', OTHER_CONTAINER, false, SHARED, 'dead'],
  ['another container whose socket may not be tried', OTHER_CONTAINER, null, LOCAL, 'alive'],
  ['another container on a disk without sockets', { ...OTHER_CONTAINER, listens: false }, null, LOCAL, 'unsure'],
])('%s', (_, other, knock, shared, fate) => expect(fateOf({ ...SELF, ...other }, SELF, knock, shared)).toEqual(fate))

test.each<[string, Partial<Owner>, boolean | null, boolean, ReturnType<typeof fateOf>]>([
  ['a pid alone proves nothing where the socket is silent', { start: '' }, false, LOCAL, 'dead'],
  ['a pid is taken for its owner where nothing else can tell', { start: '', listens: false, pid: process.ppid }, null, LOCAL, 'alive'],
  ['a sandbox hides its neighbours', { ...OTHER_CONTAINER }, false, SHARED, 'unsure'],
])('where the system tells no boot: %s', (_, other, knock, shared, fate) => {
  const self = { ...SELF, ...UNKNOWN_BOOT }
  expect(fateOf({ ...self, ...other }, { ...self, ...(other.start === '' ? { start: '' } : {}) }, knock, shared)).toEqual(fate)
})

test('an owner is read as it was written, in less than 60 bytes', () => {
  const widest: Owner = { ...SELF, pid: 4_194_304, start: '999999999999', boot: 'ffffffff', namespace: '4026531836', key: 'ffffffff' }
  for (const owner of [SELF, widest, { ...widest, start: '', boot: '', namespace: '', listens: false }])
    expect(ownerIn(ownerText(owner))).toEqual(owner)
  expect(Buffer.byteLength(ownerText(widest))).toBeLessThan(60)
  for (const text of ['', 'hello', '12 3456', '1.2.3', `${ownerText(SELF)}.more`]) expect(ownerIn(text)).toEqual(null)
})

test('a sentence names an owner so that a person can find it', () => {
  const name = (other: Partial<Owner>): string => ownerName({ ...SELF, pid: 7, ...other }, SELF)
  expect([name({}), name(OTHER_CONTAINER), name(OTHER_BOOT)]).toEqual(['pid 7', 'pid 7 of another container', 'pid 7 on another machine'])
})
