import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type ControlWorld, startControlWorld, TOKEN } from '../io/control-world.ts'
import { command } from './command.ts'
import { MAIN } from './process.ts'

vi.setConfig({ testTimeout: 60_000 })

let world: ControlWorld
let dir = ''
beforeEach(async () => {
  world = await startControlWorld()
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-events-'))
  writeFileSync(join(dir, 'control.json'), JSON.stringify({ url: `http://127.0.0.1:${world.port}`, token: TOKEN, pid: 1 }))
})
afterEach(async () => {
  await world.end()
  rmSync(dir, { recursive: true, force: true })
})

/** Every line of it until `count` have come, and then the node ends. */
async function lines(count: number, ...args: readonly string[]): Promise<readonly string[]> {
  let seen = 0
  const { out } = await command(['events', '--data', dir, ...args], {}, () => {
    seen += 1
    if (seen === count) void world.server.close()
  })
  return out.trim().split('\n')
}

test('it begins with the last lines', async () => {
  for (let i = 0; i < 30; i++) world.node.tell({ type: 'warned', text: `fault ${i}`, fix: 'Do so.' })
  expect(await lines(10)).toEqual(Array.from({ length: 10 }, (_, i) => `03:04:05  fault ${i + 20}. Do so.`))
})

test('--since tells all that is kept since then, and --type only those', async () => {
  for (let i = 0; i < 12; i++) world.node.tell({ type: 'warned', text: `fault ${i}`, fix: 'Do so.' })
  world.node.tell({ type: 'service.up', service: 'web', public: 'birch.test:1' })
  world.node.tell({ type: 'turn.lost', peer: 'b1', name: 'birch', why: 'it fell silent' })
  expect((await lines(14, '--since', '2026-01-01')).length).toEqual(14)
  const again = await startControlWorld()
  await world.end()
  world = again
  writeFileSync(join(dir, 'control.json'), JSON.stringify({ url: `http://127.0.0.1:${world.port}`, token: TOKEN, pid: 1 }))
  world.node.tell({ type: 'warned', text: 'fault', fix: 'Do so.' })
  world.node.tell({ type: 'service.up', service: 'web', public: 'birch.test:1' })
  world.node.tell({ type: 'turn.lost', peer: 'b1', name: 'birch', why: 'it fell silent' })
  expect(await lines(2, '--type', 'service,turn.lost')).toEqual([
    '03:04:05  Service web is up at birch.test:1.',
    '03:04:05  The TURN birch was lost: it fell silent.',
  ])
})

test('a time that is none is told', async () =>
  expect(await command(['events', '--data', dir, '--since', 'noon'])).toEqual({
    code: 2,
    out: '',
    err: '--since: "noon" is no time, such as 90m, 2h or 2026-01-02T03:04\n',
  }))

test('a type that is none is told', async () =>
  expect(await command(['events', '--data', dir, '--type', 'peer,serice'])).toEqual({
    code: 2,
    out: '',
    err: '--type: "serice" is no type of news; did you mean service?\n',
  }))

test('once nobody reads it any more it ends, though nothing happens', async () => {
  world.node.tell({ type: 'warned', text: 'fault', fix: 'Do so.' })
  const shell = spawn('sh', ['-c', `"${process.execPath}" --import tsx "${MAIN}" events --data "${dir}" | head -1`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  })
  const said: Buffer[] = []
  shell.stdout.on('data', (piece: Buffer) => said.push(piece))
  const [code] = (await once(shell, 'close')) as [number]
  expect([code, Buffer.concat(said).toString()]).toEqual([0, '03:04:05  fault. Do so.\n'])
})
