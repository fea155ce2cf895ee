// A node with secrets that can be told apart, and every place where one could come out: log, feed, answers, stdout, stderr, the list of
// processes. And what lies in its directory, whatever the umask was.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import WebSocket from 'ws'
import { writeNetwork } from '../../src/io/disk/network-file.ts'
import { newNetwork } from '../../src/io/network-keyring.ts'
import { turnTokenOf } from '../../src/io/network-keys.ts'
import { endAll, type Running, start } from './process.ts'

vi.setConfig({ testTimeout: 60_000 })

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-secrets-'))
})
afterEach(() => {
  endAll()
  rmSync(dir, { recursive: true, force: true })
})

const HERE = ['--addresses', 'any', '--control=127.0.0.1:0', '--listen', '127.0.0.1:0', '--log', 'debug']
const CANARY = {
  control: 'canary-of-the-control-token',
  metrics: 'canary-of-the-metrics-token',
  frpFile: 'canary-of-the-token-in-a-file',
  frpVariable: 'canary-of-the-token-in-a-variable',
  seed: 'ca'.repeat(32),
  network: Buffer.alloc(32, 'canary').toString('base64url'),
  turnFile: 'canary-of-the-turn-token-in-a-file',
}
/** What is made of the network's secret for stock clients is as good as a secret. */
const DERIVED = { turn: turnTokenOf(CANARY.network) }
const found = (text: string): readonly string[] =>
  Object.entries({ ...CANARY, ...DERIVED }).flatMap(([name, secret]) => (text.includes(secret) ? [name] : []))

async function ready(node: Running): Promise<{ readonly listen: string; readonly control: string }> {
  const line = await node.line()
  if (line === null) throw new Error((await node.ended).err)
  return JSON.parse(line)
}

test('no secret comes out anywhere but in the files that hold it and the two commands that print it', async () => {
  const data = join(dir, 'data')
  mkdirSync(data)
  writeFileSync(join(data, 'control-token'), CANARY.control)
  writeFileSync(join(data, 'metrics-token'), CANARY.metrics)
  writeFileSync(join(data, 'identity.json'), JSON.stringify({ ed25519Seed: CANARY.seed }))
  await writeNetwork(data, newNetwork(CANARY.network))
  writeFileSync(join(dir, 'token.txt'), CANARY.frpFile)
  writeFileSync(join(dir, 'turn-token.txt'), CANARY.turnFile)
  // Nobody listens there: what is said of a TURN that fails is said with all that is known of it.
  const env = { MOONWALK_TURNS: `frp://127.0.0.1:9?token-file=${join(dir, 'token.txt')},frp://${CANARY.frpVariable}@127.0.0.1:9,moonwalk` }
  const node = start(['up', '--data', data, '--json', ...HERE, '--turn-token-file', join(dir, 'turn-token.txt')], env)
  const { control } = await ready(node)
  const bearer = { authorization: `Bearer ${CANARY.control}` }
  const told: string[] = []
  const feed = new WebSocket(`${control.replace('http', 'ws')}/feed`, ['moonwalk.feed', `moonwalk.token.${CANARY.control}`])
  const snapshot = new Promise<void>((settle) =>
    feed.on('message', (data) => {
      told.push(String(data))
      settle()
    }),
  )
  await snapshot
  const paths = ['status', 'peers', 'peers/all', 'table', 'states', 'news', 'measurements', 'network', 'openapi.json'].map(
    (name) => `/api/${name}`,
  )
  for (const path of [...paths, '/metrics', '/', '/healthz', '/readyz', '/nothing'])
    for (const headers of [bearer, { authorization: `Bearer ${CANARY.metrics}` }, {}]) {
      const answer = await fetch(control + path, { headers })
      told.push(JSON.stringify([...answer.headers]), await answer.text())
    }
  for (const args of [['status'], ['status', '--json'], ['peers'], ['identity'], ['network', 'show']]) {
    const { out, err } = await start([...args, '--data', data]).ended
    told.push(out, err)
  }
  told.push(execFileSync('ps', ['-eww', '-o', 'args'], { encoding: 'utf8' }))
  feed.terminate()
  node.child.kill('SIGTERM')
  const { out, err } = await node.ended
  told.push(
    out,
    err,
    ...readdirSync(data)
      .filter((name) => /log|ip_table|operator|pid/.test(name))
      .map((name) => readFileSync(join(data, name), 'utf8')),
  )
  expect(told.flatMap(found)).toEqual([])
  expect(told.length).toBeGreaterThan(80)

  const printed = await start(['metrics', 'token', '--data', data]).ended
  expect([printed.code, printed.out]).toEqual([0, `${CANARY.metrics}\n`])
})

test('a token in an argument works, with a sentence that names better places and not the token', async () => {
  const node = start(['up', '--data', dir, '--json', ...HERE, '--turn', `frp://${CANARY.frpFile}@127.0.0.1:9`])
  await ready(node)
  node.child.kill('SIGTERM')
  const { code, out, err } = await node.ended
  expect([code, found(out + err), err]).toEqual([
    0,
    [],
    `${JSON.stringify({
      schemaVersion: 1,
      warning:
        '--turn: everybody on this machine can read the token in it (ps); write it into moonwalk.json or MOONWALK_TURNS, or name a file with ?token-file=FILE',
    })}\n`,
  ])
  const wrong = await start(['up', '--data', dir, '--turn', `frp://${CANARY.frpFile}@127.0.0.1:9?wrie=2`]).ended
  expect([wrong.code, found(wrong.err)]).toEqual([2, []])
})

test('the metrics token is the same for every run, and reads nothing but the metrics', async () => {
  const before = await start(['metrics', 'token', '--data', dir]).ended
  expect([before.code, before.out, before.err.split('\n').length]).toEqual([3, '', 2])
  const tokens: string[] = []
  for (let run = 0; run < 2; run++) {
    const node = start(['up', '--data', dir, '--json', ...HERE])
    const { control } = await ready(node)
    const { token }: { readonly token: string } = JSON.parse((await start(['metrics', 'token', '--json', '--data', dir]).ended).out)
    tokens.push(token)
    const headers = { authorization: `Bearer ${token}` }
    expect([(await fetch(`${control}/metrics`, { headers })).status, (await fetch(`${control}/api/status`, { headers })).status]).toEqual([
      200, 401,
    ])
    node.child.kill('SIGTERM')
    await node.ended
  }
  expect(tokens[1]).toEqual(tokens[0])
})

test('what a node writes is for its owner alone, also with an open umask and where it was open before', async () => {
  const data = join(dir, 'data')
  mkdirSync(data)
  chmodSync(data, 0o777)
  for (const name of ['ip_table.json', 'control-token', 'moonwalk.log']) {
    writeFileSync(join(data, name), name === 'ip_table.json' ? '{"ip_address":[]}' : '')
    chmodSync(join(data, name), 0o666)
  }
  const before = process.umask(0)
  const node = start(['up', '--data', data, '--json', ...HERE])
  process.umask(before)
  const { control } = await ready(node)
  const { token }: { readonly token: string } = JSON.parse(readFileSync(join(data, 'control.json'), 'utf8'))
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  await fetch(`${control}/api/peers`, { method: 'POST', headers, body: '{"address":"127.0.0.1:9"}' })
  const modes = () =>
    readdirSync(data, { withFileTypes: true })
      .filter((entry) => !entry.isSymbolicLink())
      .map(({ name }) => [name, (statSync(join(data, name)).mode & 0o777).toString(8)])
  const during = modes()
  node.child.kill('SIGTERM')
  await node.ended
  const all = [...during, ...modes()]
  expect(all.filter(([, mode]) => mode !== '600')).toEqual([])
  expect(all.map(([name]) => name)).toEqual(
    expect.arrayContaining([
      'control-token',
      'metrics-token',
      'control.json',
      'identity.json',
      'ip_table.json',
      'moonwalk.log',
      'operator.json',
      'moonwalk.pid',
    ]),
  )
  expect((statSync(data).mode & 0o777).toString(8)).toEqual('700')
})
