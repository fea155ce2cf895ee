import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type LockAnswer, lockDataDir } from '../../../src/io/disk/data-lock.ts'

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-lock-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const pidFile = (): string => join(dir, 'moonwalk.pid')
const release = (answer: LockAnswer): void => {
  if (answer.type === 'locked') answer.release()
}

test('the first takes the directory, the second is refused by the pid of the first', () => {
  const first = lockDataDir(dir)
  expect(first.type).toEqual('locked')
  expect(lockDataDir(dir)).toEqual({
    type: 'refused',
    pid: process.pid,
    text: `another moonwalk (pid ${process.pid}) already uses ${dir}; stop it, or choose another directory with --data`,
  })
  release(first)
  expect(readdirSync(dir)).toEqual([])
  const again = lockDataDir(dir)
  expect(again.type).toEqual('locked')
  release(again)
})

test('a missing directory is made, for its owner alone', () => {
  const deep = join(dir, 'a', 'b')
  const answer = lockDataDir(deep)
  expect(statSync(deep).mode & 0o777).toEqual(0o700)
  release(answer)
})

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(child, 'exit')
  return child.pid ?? 0
}

test.each([
  ['a dead process', async () => `${await deadPid()} 12345\n`],
  ['a process that was given the same pid later', async () => `${process.pid} 1\n`],
  ['a half-written lock', async () => ''],
  ['something else', async () => 'hello\n'],
  ['a pid that is none', async () => '-1 1\n'],
])('a lock that was left behind is taken over: %s', async (_, left) => {
  writeFileSync(pidFile(), await left())
  const answer = lockDataDir(dir)
  expect(answer.type).toEqual('locked')
  expect(readFileSync(pidFile(), 'utf8').split(' ')[0]).toEqual(String(process.pid))
  release(answer)
  expect(readdirSync(dir)).toEqual([])
})

test('releasing leaves another’s lock alone', () => {
  const answer = lockDataDir(dir)
  writeFileSync(pidFile(), '1 1\n')
  release(answer)
  expect(readFileSync(pidFile(), 'utf8')).toEqual('1 1\n')
})

test('a directory that can’t be used is refused with a sentence', () => {
  const inTheWay = join(dir, 'file')
  writeFileSync(inTheWay, '')
  const answer = lockDataDir(join(inTheWay, 'data'))
  expect(answer.type === 'refused' && answer.text.replaceAll(dir, 'DIR').replace(/\(.*\)/, '(why)')).toEqual(
    "can't use DIR/file/data (why); choose another directory with --data",
  )
})

test('of many that start at once over a stale lock, one gets it', { timeout: 60_000 }, async () => {
  writeFileSync(pidFile(), `${await deadPid()} 1\n`)
  const module = new URL('../../../src/io/disk/data-lock.ts', import.meta.url).href
  const script = `const { lockDataDir } = await import(${JSON.stringify(module)}); console.log(lockDataDir(${JSON.stringify(dir)}).type); process.stdin.resume()`
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  const said = await Promise.all(children.map(async (child) => String((await once(child.stdout, 'data'))[0]).trim()))
  for (const child of children) child.stdin.end()
  await Promise.all(children.map((child) => once(child, 'exit')))
  expect(said.sort()).toEqual(['locked', 'refused', 'refused', 'refused'])
})
