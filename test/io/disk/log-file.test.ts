import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLogFile, type LogFile } from '../../../src/io/disk/log-file.ts'

let dir = ''
let file = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-log-'))
  file = join(dir, 'moonwalk.log')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const textOf = (name = 'moonwalk.log'): string => readFileSync(join(dir, name), 'utf8').replaceAll(/"time":"[^"]*"/g, '"time":"TIME"')
/** Empty while it is not there, as for a moment when it becomes an old one. */
function soFar(): string {
  try {
    return textOf()
  } catch {
    return ''
  }
}
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}
const leftOut = (lines: number): string => `{"level":40,"time":"TIME","type":"log.leftOut","lines":${lines}}\n`

/** A log with its troubles, and the end of it. */
function logging(options: Parameters<typeof createLogFile>[1] = {}) {
  const troubles: string[] = []
  const log = createLogFile(file, { retryMs: 1, onTrouble: ({ text }) => troubles.push(text.replaceAll(dir, 'DIR')), ...options })
  return { log, troubles }
}
const written = async (log: LogFile): Promise<string> => {
  await log.close()
  return textOf()
}

test('lines are appended in their order, for the owner alone', async () => {
  writeFileSync(file, 'before\n')
  chmodSync(file, 0o644)
  const { log } = logging()
  for (const line of ['one\n', 'two\n']) log.write(line)
  expect([await written(log), statSync(file).mode & 0o777]).toEqual(['before\none\ntwo\n', 0o600])
})

test('a file that is full becomes an old one, and of old ones so many are kept', async () => {
  const { log } = logging({ maxBytes: 10, kept: 2 })
  for (const line of ['a', 'b', 'c', 'd', 'e']) {
    log.write(`${line.repeat(7)}\n`)
    await until(() => soFar().startsWith(line))
  }
  await log.close()
  expect(readdirSync(dir).map((name) => [name, textOf(name)])).toEqual([
    ['moonwalk.log', 'eeeeeee\n'],
    ['moonwalk.log.1', 'ddddddd\n'],
    ['moonwalk.log.2', 'ccccccc\n'],
  ])
})

test.each<[string, () => void, string]>([
  ['a directory', () => mkdirSync(file), 'a directory is in its place'],
  ['a pipe that nobody reads', () => execFileSync('mkfifo', [file]), 'it is a pipe that nobody reads'],
  ['a link', () => symlinkSync(join(dir, 'elsewhere'), file), 'it is a link, and none is followed in the data directory'],
  ['no directory', () => rmSync(dir, { recursive: true }), 'its directory is not there'],
])('a log that can’t be written is one warning, and whole again with the count of what is missing: %s', async (_, spoil, why) => {
  spoil()
  const { log, troubles } = logging()
  log.write('one\n')
  await until(() => log.note() !== null)
  for (let i = 0; i < 5; i++) log.write('more\n')
  rmSync(file, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  await until(() => log.note() === null)
  log.write('after\n')
  expect([troubles, await written(log)]).toEqual([[`the log can't be written to DIR/moonwalk.log (${why})`], `${leftOut(6)}after\n`])
})

test('a pipe that somebody reads is a log', async () => {
  execFileSync('mkfifo', [file])
  const reader = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  const { log, troubles } = logging({ maxBytes: 1 })
  log.write('one\n')
  await log.close()
  const bytes = Buffer.alloc(10)
  expect([bytes.toString('utf8', 0, readSync(reader, bytes)), troubles]).toEqual(['one\n', []])
})

test('what a link in its place points at is not written, even where the log is full', async () => {
  const elsewhere = join(dir, 'elsewhere')
  writeFileSync(elsewhere, 'a long line of somebody else\n')
  symlinkSync(elsewhere, file)
  const { log } = logging({ maxBytes: 1 })
  log.write('one\n')
  await log.close()
  expect(readFileSync(elsewhere, 'utf8')).toEqual('a long line of somebody else\n')
})

test('a full disk is told', async () => {
  const log = createLogFile('/dev/full')
  log.write('one\n')
  await until(() => log.note() !== null)
  expect(log.note()?.text).toEqual("the log can't be written to /dev/full (the disk is full)")
  await log.close()
})

test('a log that is closed in trouble ends', async () => {
  mkdirSync(file)
  const { log } = logging({ retryMs: 60_000 })
  log.write('one\n')
  await log.close()
  log.write('two\n')
  expect(log.note()?.text.replaceAll(dir, 'DIR')).toEqual("the log can't be written to DIR/moonwalk.log (a directory is in its place)")
})

test('a file that another program moved away is made anew', async () => {
  const { log } = logging({ lookMs: 0 })
  log.write('one\n')
  await until(() => soFar() !== '')
  renameSync(file, `${file}.rotated`)
  log.write('two\n')
  expect([await written(log), textOf('moonwalk.log.rotated')]).toEqual(['two\n', 'one\n'])
})
