// The unit and the image, as far as a machine without either can try them.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MAIN } from '../cli/process.ts'
import { startOpsNode } from './real-node.ts'

const OPS = new URL('../../ops/', import.meta.url)
const textOf = (name: string): string => readFileSync(new URL(name, OPS), 'utf8')

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-units-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** A command of that name that does this. */
function command(name: string, script: string): void {
  writeFileSync(join(dir, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(dir, name), 0o755)
}

test('systemd finds no fault with the unit, and little that it leaves open', () => {
  const file = new URL('moonwalk.service', OPS).pathname
  const verified = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
  expect(verified.error).toEqual(undefined)
  expect(`${verified.stdout}${verified.stderr}`.split('\n').filter((line) => line.includes('moonwalk.service'))).toEqual([])
  const security = execFileSync('systemd-analyze', ['security', '--offline=true', '--no-pager', file], { encoding: 'utf8' })
  const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(security)?.[1])
  expect(exposure).toBeLessThan(3)
})

test('a node that a supervisor waits for says that it is ready, and that it stops', async () => {
  const told = join(dir, 'told')
  command('systemd-notify', `echo "$NOTIFY_SOCKET $*" >> ${told}`)
  const node = await startOpsNode({ PATH: `${dir}:${process.env.PATH}`, NOTIFY_SOCKET: '/run/notify' })
  const lines = (): readonly string[] => {
    try {
      return readFileSync(told, 'utf8').trim().split('\n')
    } catch {
      return []
    }
  }
  while (lines().length < 1) await new Promise((resolve) => setImmediate(resolve))
  const { pid } = node.running.child
  expect(lines()).toEqual([
    expect.stringMatching(new RegExp(`^/run/notify --ready --status=listens on 127\\.0\\.0\\.1:\\d+ --pid=${pid}$`)),
  ])
  await node.end()
  expect(lines()[1]).toEqual(`/run/notify --stopping --pid=${pid}`)
})

const dockerfile = (): string => textOf('Dockerfile')
const argumentOf = (instruction: string): string =>
  dockerfile()
    .split('\n')
    .findLast((line) => line.startsWith(`${instruction} `))
    ?.slice(instruction.length + 1) ?? ''

test('the image runs as a user without rights, below an init, and keeps its data in a volume', () =>
  expect(['USER', 'ENTRYPOINT', 'CMD', 'VOLUME', 'ENV'].map(argumentOf)).toEqual([
    'node',
    '["/usr/bin/tini", "--"]',
    '["moonwalk", "up"]',
    '/data',
    'MOONWALK_DATA=/data',
  ]))

test('its health check is well while a node runs, and not when none does', async () => {
  const check = argumentOf('HEALTHCHECK').replace(/^.*?CMD /, '')
  command('moonwalk', `exec "${process.execPath}" --import tsx "${MAIN}" "$@"`)
  const node = await startOpsNode()
  const run = () =>
    spawnSync('sh', ['-c', check], { env: { PATH: `${dir}:${process.env.PATH}`, MOONWALK_DATA: node.dir }, encoding: 'utf8' }).status
  const running = run()
  node.running.child.kill('SIGTERM')
  await node.running.ended
  expect([running, run() !== 0]).toEqual([0, true])
  await node.end()
})

test('what the image copies and installs is what is packed here', () => {
  const { name } = JSON.parse(readFileSync(new URL('../package.json', OPS), 'utf8')) as { readonly name: string }
  const packed = dockerfile().match(/\/tmp\/([a-z0-9-]+)-\*\.tgz/g) ?? []
  expect(new Set(packed)).toEqual(new Set([`/tmp/${name}-*.tgz`]))
  const steps = dockerfile()
    .split('\n')
    .filter((line) => /^RUN /.test(line))
    .map((line) => line.slice(4))
  for (const step of steps) execFileSync('sh', ['-n', '-c', step])
})
