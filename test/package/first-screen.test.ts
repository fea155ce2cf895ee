// The first lines of the README, one after another as they stand there: two nodes, of which one listens nowhere, and a public service.
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeIn, type Installed, installed, ROOT, textOf } from './installed.ts'

const [first = ''] = codeIn(textOf(join(ROOT, 'README.md')), 'sh')
const lines = first.split('\n').map((line) => line.replace(/\s+#.*/, ''))
/** What two machines would have for themselves. */
const LOOPBACK = { MOONWALK_ADDRESSES: 'any', MOONWALK_CONTROL: '127.0.0.1:0' }
const started: ChildProcess[] = []

let it: Installed
let service: Server
beforeAll(async () => {
  it = await installed()
  service = createServer((_, answer) => answer.end('here')).listen(0, '127.0.0.1')
  await new Promise((listening) => service.once('listening', listening))
})
afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
  service?.close()
  it?.remove()
})

/** Runs a line and answers with the first that it says and that fits. */
async function said(line: string, machine: 'server' | 'home', wanted: RegExp): Promise<string> {
  const [, ...args] = line.split(' ')
  const listen = machine === 'server' ? '127.0.0.1:0' : 'false'
  const env = { PATH: process.env.PATH, HOME: it.project, ...LOOPBACK, MOONWALK_DATA: join(it.project, machine), MOONWALK_LISTEN: listen }
  const child = spawn(it.command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(child)
  const heard: string[] = []
  for await (const text of createInterface({ input: child.stdout })) {
    heard.push(text)
    const found = wanted.exec(text)
    if (found) return found[1] ?? text
  }
  throw new Error(`"${line}" did not say ${wanted}, but:\n${heard.join('\n')}`)
}

test('the README begins with lines that install, join two nodes and put a service on a public address', async () => {
  const [install, up = '', join = '', expose = '', dashboard = ''] = lines
  expect([install, join]).toEqual(['npm install --global moonwalk-p2p', 'moonwalk up --join mw1.…'])
  const invitation = await said(up, 'server', /(mw1\.\S+)/)
  await said(join.replace('mw1.…', invitation), 'home', /tunnelling\.up|[Rr]eachable|TURN/)
  const { port } = service.address() as AddressInfo
  const address = await said(expose.replace('3000', String(port)), 'home', /^web is up: (\S+) /)
  expect(await (await fetch(`http://${address}`)).text()).toEqual('here')
  expect(await said(dashboard, 'home', /^http:/)).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=/)
})
