import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type LockAnswer, type LockWorld, lockDataDir } from '../../../src/io/disk/data-lock.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-lock-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const lockFile = (): string => join(dir, 'moonwalk.lock')
const release = (answer: LockAnswer): void => {
  if (answer.type === 'locked') answer.release()
}
const left = (): readonly string[] => readdirSync(dir).sort()

test('the first takes the directory, the second is refused by the pid of the first', async () => {
  const first = await lockDataDir(dir)
  expect(first.type).toEqual('locked')
  expect(await lockDataDir(dir)).toEqual({
    type: 'refused',
    pid: process.pid,
    text: `another moonwalk (pid ${process.pid}) already uses ${dir}; stop it, or choose another directory with --data`,
  })
  expect(left()).toEqual([expect.stringMatching(/^moonwalk-[0-9a-f]{8}\.sock$/), 'moonwalk.lock', 'moonwalk.pid'])
  expect(readFileSync(join(dir, 'moonwalk.pid'), 'utf8')).toEqual(`${process.pid}\n`)
  release(first)
  expect(left()).toEqual([])
  const again = await lockDataDir(dir)
  expect(again.type).toEqual('locked')
  release(again)
})

test('a missing directory is made, for its owner alone', async () => {
  const deep = join(dir, 'a', 'b')
  const answer = await lockDataDir(deep)
  expect(statSync(deep).mode & 0o777).toEqual(0o700)
  release(answer)
})

test('a directory whose path is longer than a socket’s may be is locked as well', async () => {
  const deep = join(dir, 'd'.repeat(120), 'e'.repeat(120))
  const first = await lockDataDir(deep)
  // Only the socket tells of an owner whose pid counts elsewhere.
  const text = readlinkSync(join(deep, 'moonwalk.lock')).replace(/^(\d+)\.(\d+)\.([^.]+)\.\d+/, '$1.$2.$3.1')
  rmSync(join(deep, 'moonwalk.lock'))
  symlinkSync(text, join(deep, 'moonwalk.lock'))
  expect(await lockDataDir(deep)).toEqual({
    type: 'refused',
    pid: process.pid,
    text: `another moonwalk (pid ${process.pid} of another container) already uses ${deep}; stop it, or choose another directory with --data`,
  })
  release(first)
})

const MODULE = new URL('../../../src/io/disk/data-lock.ts', import.meta.url).href
/** A process that takes the lock, says how that went, and stays until its input ends. */
function locker(): ChildProcess & { readonly stdout: Readable } {
  const script = `const { lockDataDir } = await import(${JSON.stringify(MODULE)}); console.log((await lockDataDir(${JSON.stringify(dir)})).type); process.stdin.resume()`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  started.add(child)
  return child
}
const started = new Set<ChildProcess>()
afterEach(() => {
  for (const child of started) child.kill('SIGKILL')
  started.clear()
})
const said = async (child: { readonly stdout: Readable }): Promise<string> => String((await once(child.stdout, 'data'))[0]).trim()

test('the lock of a process that was killed is taken over at once, and nothing of it is left', { timeout: 60_000 }, async () => {
  const child = locker()
  expect(await said(child)).toEqual('locked')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const answer = await lockDataDir(dir)
  expect([answer.type, left().length]).toEqual(['locked', 3])
  release(answer)
  expect(left()).toEqual([])
})

test('a process that is stopped holds its lock', { timeout: 60_000 }, async () => {
  const child = locker()
  expect(await said(child)).toEqual('locked')
  child.kill('SIGSTOP')
  expect((await lockDataDir(dir)).type).toEqual('refused')
})

test.each([
  ['a dead process of this boot', (self: string) => self.replace(/^\d+/, '4194303')],
  ['a process that was given the same pid later', (self: string) => self.replace(/^(\d+)\.\d+/, '$1.1')],
  ['a boot before this one', (self: string) => self.replace(/^(\d+\.\d+)\.[0-9a-f]+/, '$1.00000000')],
  ['another container', (self: string) => self.replace(/^(\d+\.\d+\.[0-9a-f]+)\.\d+/, '$1.1')],
  ['a half-written lock', () => ''],
  ['something else', () => 'hello'],
])('a lock that was left behind is taken over: %s', async (_, leftBy) => {
  const first = await lockDataDir(dir)
  const text = leftBy(readlinkSync(lockFile()).replace(/[0-9a-f]{8}\.s$/, '00000000.s'))
  release(first)
  if (text === '') writeFileSync(lockFile(), text)
  else symlinkSync(text, lockFile())
  const answer = await lockDataDir(dir)
  expect(answer.type).toEqual('locked')
  expect(readlinkSync(lockFile()).split('.')[0]).toEqual(String(process.pid))
  release(answer)
  expect(left()).toEqual([])
})

test('a claim on a dead owner’s lock is taken over when the claimant died as well', async () => {
  const dead = (key: string): string => `4194303.1.00000000.1.${key}.s`
  symlinkSync(dead('00000001'), lockFile())
  symlinkSync(dead('00000002'), `${lockFile()}.00000001`)
  const answer = await lockDataDir(dir)
  expect([answer.type, left().filter((name) => name.startsWith('moonwalk.lock'))]).toEqual(['locked', ['moonwalk.lock']])
  release(answer)
})

/** A directory that other kernels use as well, with time in the test's hand. */
function sharedWorld(whileWaiting: (look: number) => void = () => {}) {
  const beats: (() => void)[] = []
  let looks = 0
  const world: LockWorld = {
    isShared: () => true,
    pause: async () => whileWaiting(looks++),
    every: (_, run) => {
      beats.push(run)
      return () => beats.splice(0)
    },
  }
  return { world, beats, looks: () => looks }
}
const ELSEWHERE = '7.1.00000000.1.00000001.s'

test('on a shared disk an owner on another machine holds its lock while it changes its pid file', async () => {
  symlinkSync(ELSEWHERE, lockFile())
  const waits: string[] = []
  const { world } = sharedWorld((look) => look === 8 && writeFileSync(join(dir, 'moonwalk.pid'), '7\nbeat 3'))
  const answer = await lockDataDir(dir, { world, onWait: (text) => waits.push(text) })
  expect([answer.type === 'refused' && answer.text, waits]).toEqual([
    `another moonwalk (pid 7 on another machine) already uses ${dir}; stop it, or choose another directory with --data`,
    [`waiting 13 s to see whether another moonwalk (pid 7 on another machine) still uses ${dir}`],
  ])
})

test('on a shared disk the lock of an owner that changes nothing any more is taken over', async () => {
  symlinkSync(ELSEWHERE, lockFile())
  const { world, looks } = sharedWorld()
  const answer = await lockDataDir(dir, { world })
  expect([answer.type, looks()]).toEqual(['locked', 26])
  release(answer)
})

test('on a shared disk the owner changes its pid file, and hears when another took the directory', async () => {
  const { world, beats } = sharedWorld()
  let lost = 0
  const answer = await lockDataDir(dir, { world, onLost: () => lost++ })
  const texts = [0, 1].map(() => {
    beats[0]?.()
    return readFileSync(join(dir, 'moonwalk.pid'), 'utf8').replace(/[0-9a-f]{8}/, 'KEY')
  })
  expect(texts).toEqual([`${process.pid}\nbeat 1 of KEY\n`, `${process.pid}\nbeat 2 of KEY\n`])
  rmSync(lockFile())
  symlinkSync(ELSEWHERE, lockFile())
  beats[0]?.()
  expect([lost, beats.length]).toEqual([1, 0])
  release(answer)
  expect(readlinkSync(lockFile())).toEqual(ELSEWHERE)
})

test('releasing leaves another’s lock alone', async () => {
  const answer = await lockDataDir(dir)
  rmSync(lockFile())
  symlinkSync('another', lockFile())
  release(answer)
  expect(readlinkSync(lockFile())).toEqual('another')
})

test('a directory that can’t be used is refused with a sentence', async () => {
  const inTheWay = join(dir, 'file')
  writeFileSync(inTheWay, '')
  expect(await lockDataDir(join(inTheWay, 'data'))).toEqual({
    type: 'refused',
    pid: 0,
    text: `can't use ${join(inTheWay, 'data')} (a file stands where its directory should be); choose another directory with --data`,
  })
})

test('of many that start at once over a stale lock, one gets it', { timeout: 60_000 }, async () => {
  symlinkSync('4194303.1.00000000.1.00000001.s', lockFile())
  const children = Array.from({ length: 4 }, locker)
  const answers = await Promise.all(children.map(said))
  for (const child of children) child.stdin?.end()
  await Promise.all(children.map((child) => once(child, 'exit')))
  expect(answers.sort()).toEqual(['locked', 'refused', 'refused', 'refused'])
})
