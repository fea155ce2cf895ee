// A terminal that is held, by Ctrl-S or a click into its window: `script` gives the node one, and is stopped.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MAIN } from './process.ts'

let dir = ''
let terminal: ChildProcess | null = null
let nodePid = 0
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-held-'))
})
afterEach(() => {
  terminal?.kill('SIGKILL')
  if (nodePid !== 0) kill(nodePid)
  rmSync(dir, { recursive: true, force: true })
})

const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

test.skipIf(!hasScript)('a node whose terminal is held goes on, and ends when it is asked to', { timeout: 60_000 }, async () => {
  const flags = ['--open', '--data', dir, '--addresses', 'any', '--control', '127.0.0.1:0', '--listen', '127.0.0.1:0']
  const command = [process.execPath, '--import', 'tsx', MAIN, 'up', ...flags].map((word) => `'${word}'`).join(' ')
  terminal = spawn('script', ['--quiet', '--flush', '--return', '--command', `exec ${command}`, '/dev/null'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const file = join(dir, 'control.json')
  while (!existsSync(file)) await turn()
  const { url, token, pid } = JSON.parse(readFileSync(file, 'utf8'))
  nodePid = pid
  terminal.kill('SIGSTOP')

  const ask = async (path: string, body: object): Promise<number> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    return (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })).status
  }
  // More than any terminal takes before it is read: about 100 bytes of news each.
  for (let i = 0; i < 400; i++) {
    const name = `${i}-${'x'.repeat(59)}`
    await ask('/api/services', { timeoutMs: 1, spec: { name, kind: 'tcp', local: '127.0.0.1:9', domain: null } })
    expect(await ask('/api/services/remove', { name })).toEqual(200)
  }
  process.kill(pid, 'SIGTERM')
  while (existsSync(file)) await turn()
  terminal.kill('SIGCONT')
  const [code] = await once(terminal, 'exit')
  nodePid = 0
  expect(code).toEqual(0)
})
