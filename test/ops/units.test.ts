// The unit, as far as a machine that was not booted by systemd can try it.
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startOpsNode } from './real-node.ts'

const OPS = new URL('../../ops/', import.meta.url)

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
