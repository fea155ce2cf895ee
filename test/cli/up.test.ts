// `moonwalk up` as a process: what scripts rely on from its first line to its end.
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { writeInvitation } from '../../src/invitation.ts'
import { endAll, type Running, start } from './process.ts'

// Every test starts processes; a busy machine takes its time.
vi.setConfig({ testTimeout: 60_000 })

let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-up-'))
})
afterEach(() => {
  endAll()
  rmSync(dir, { recursive: true, force: true })
})

const HERE = ['--addresses', 'any', '--control=127.0.0.1:0', '--listen', '127.0.0.1:0']
/** What stands on stderr with --json. */
const said = (...objects: readonly object[]): string => objects.map((one) => `${JSON.stringify({ schemaVersion: 1, ...one })}\n`).join('')
const up = (...flags: readonly string[]): Running => start(['up', '--open', '--data', dir, '--json', ...HERE, ...flags])
const objects = (text: string): { [key: string]: unknown }[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
async function ready(node: Running): Promise<{ [key: string]: unknown }> {
  const line = await node.line()
  if (line === null) throw new Error((await node.ended).err)
  return JSON.parse(line)
}

test('its first line says that it listens, it answers, and SIGTERM ends it cleanly', async () => {
  const node = up('--name', 'ash')
  const said = await ready(node)
  expect(said).toEqual({
    schemaVersion: 1,
    event: 'ready',
    id: expect.stringMatching(/^[0-9a-f]{32}$/),
    name: 'ash',
    listen: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    control: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    pid: node.child.pid,
    network: 'open',
    invitation: null,
  })
  expect((await fetch(`http://${said.listen}/server_info`)).status).toEqual(200)

  const control = JSON.parse(readFileSync(join(dir, 'control.json'), 'utf8'))
  expect(control).toEqual({ url: said.control, token: expect.stringMatching(/^[\w-]{32}$/), pid: node.child.pid })
  expect(statSync(join(dir, 'control.json')).mode & 0o777).toEqual(0o600)

  const status = await start(['status', '--json', '--data', dir]).ended
  expect([status.code, objects(status.out)[0]?.node]).toEqual([0, expect.objectContaining({ id: said.id, name: 'ash', version: '0.1.0' })])

  node.child.kill('SIGTERM')
  const { code, signal, out } = await node.ended
  expect([code, signal]).toEqual([0, null])
  expect(
    objects(out)
      .slice(1)
      .filter(({ schemaVersion, type, seq, at }) => schemaVersion !== 1 || !type || !seq || !at),
  ).toEqual([])
  expect(objects(out).at(-1)?.type).toEqual('node.stopped')
  expect(readdirSync(dir).filter((file) => /control\.json|pid|lock|sock/.test(file))).toEqual([])
  expect((await start(['status', '--data', dir]).ended).code).toEqual(3)
})

test('with --no-listen it opens nothing to the outside, and it stays who it is from run to run', async () => {
  const first = await ready(up('--no-listen'))
  expect(first.listen).toEqual(null)
  endAll()
  const again = up('--no-listen')
  const second = await ready(again)
  expect([second.listen, second.id]).toEqual([null, first.id])
  again.child.kill('SIGINT')
  expect((await again.ended).code).toEqual(0)
})

test.each(['SIGHUP', 'SIGINT'] as const)('%s ends it cleanly', async (signal) => {
  const node = up()
  await ready(node)
  node.child.kill(signal)
  const { code, out } = await node.ended
  expect([code, objects(out).at(-1)?.type]).toEqual([0, 'node.stopped'])
})

test('its control token outlives it, and the page’s link is printed', async () => {
  const tokens: unknown[] = []
  for (let run = 0; run < 2; run++) {
    const node = up()
    const { control } = await ready(node)
    const { token } = JSON.parse(readFileSync(join(dir, 'control.json'), 'utf8'))
    tokens.push(token)
    const link = `${control}/#token=${token}`
    const [text, json] = await Promise.all([['dashboard'], ['dashboard', '--json']].map((args) => start([...args, '--data', dir]).ended))
    expect([text?.code, text?.out, json?.out]).toEqual([0, `${link}\n`, `${JSON.stringify({ schemaVersion: 1, link })}\n`])
    node.child.kill('SIGTERM')
    await node.ended
  }
  expect(tokens[1]).toEqual(tokens[0])
})

test('a log that can’t be written is one warning, said in health as well', async () => {
  mkdirSync(join(dir, 'moonwalk.log'))
  const node = up()
  await ready(node)
  const text = `the log can't be written to ${join(dir, 'moonwalk.log')} (a directory is in its place)`
  while (!node.errSoFar().includes('\n')) await new Promise((resolve) => setImmediate(resolve))
  const status = objects((await start(['status', '--json', '--data', dir]).ended).out)[0] as { health?: { text: string }[] }
  expect(status.health?.filter((finding) => finding.text === text).length).toEqual(1)
  node.child.kill('SIGTERM')
  expect([(await node.ended).code, (await node.ended).err]).toEqual([0, said({ warning: text })])
})

test('variables that are not ours change nothing, and one that is nearly so is a warning', async () => {
  const env = { MOONWALK_PORT: 'tcp://10.96.0.12:8088', MOONWALK_SERVICE_HOST: '10.96.0.12', MOONWALK_NAM: 'ash', MOONWALK_ADVERTISE: '' }
  const node = start(['up', '--open', '--data', dir, '--json', ...HERE], env)
  await ready(node)
  node.child.kill('SIGTERM')
  const { code, err } = await node.ended
  expect([code, err]).toEqual([0, said({ warning: 'MOONWALK_NAM is not known and changes nothing; did you mean MOONWALK_NAME?' })])
})

test('a second process on the same directory is refused by the pid of the first, and harms nothing', async () => {
  const first = up()
  await ready(first)
  const { code, out, err } = await up().ended
  expect([code, out, err]).toEqual([
    1,
    '',
    said({ error: `another moonwalk (pid ${first.child.pid}) already uses ${dir}; stop it, or choose another directory with --data` }),
  ])
  expect((await start(['status', '--data', dir]).ended).code).toEqual(0)
})

test('a signal that comes before it listens ends it as cleanly', async () => {
  const node = up()
  // The lock is the first thing it leaves.
  while (node.child.exitCode === null && !existsSync(join(dir, 'moonwalk.pid'))) await new Promise((resolve) => setImmediate(resolve))
  node.child.kill('SIGTERM')
  const { code, signal } = await node.ended
  expect([code, signal]).toEqual([0, null])
  expect(readdirSync(dir).filter((file) => /control\.json|pid|lock|sock/.test(file))).toEqual([])
})

test.each(['--listen', '--control'])('a port in use is told with the flag that chooses another: %s', async (flag) => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const address = taken.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const { code, out, err } = await up(flag, `127.0.0.1:${port}`).ended
  expect([code, out, err.split('\n').length]).toEqual([1, '', 2])
  expect(err).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}.*choose another.*${flag}"}\n$`))
  await new Promise((closed) => taken.close(closed))
})

test('a damaged table is set aside and told, and the node starts', async () => {
  writeFileSync(join(dir, 'ip_table.json'), '{"ip_address":[')
  const node = up()
  await ready(node)
  const told = (async (): Promise<unknown> => {
    for (let line = await node.line(); line !== null; line = await node.line()) {
      const entry = JSON.parse(line)
      if (entry.type === 'warned') return entry.text
    }
    return null
  })()
  expect(
    String(await told)
      .replaceAll(dir, 'DIR')
      .replace(/broken-[\dTZ-]+/, 'broken-TIME'),
  ).toEqual(
    'DIR/ip_table.json could not be read as an IP table; it was set aside as DIR/ip_table.json.broken-TIME, and the seeds will be asked again',
  )
  node.child.kill('SIGTERM')
  expect((await node.ended).code).toEqual(0)
})

test('text is for people: the dashboard’s address, and no colours', async () => {
  const node = start(['up', '--open', '--data', dir, '--name', 'ash', ...HERE])
  expect(await node.line()).toMatch(
    /^ash listens on 127\.0\.0\.1:\d+; dashboard: http:\/\/127\.0\.0\.1:\d+ \(the link: `moonwalk dashboard`\)$/,
  )
  node.child.kill('SIGTERM')
  const { code, out } = await node.ended
  expect([code, out.includes('\x1b')]).toEqual([0, false])
})

test.each([['up', '--help'], ['diagram']])('a reader that leaves early, as `| head` does, is no trouble: %s', async (...args) => {
  const asked = start(args)
  asked.child.stdout?.destroy()
  const { code, err } = await asked.ended
  expect([code, err]).toEqual([0, ''])
})

test('it says within two seconds which seed fails and why: on stderr, and as news with --json', async () => {
  const mute = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(mute, 'listening')
  const silent = `127.0.0.1:${(mute.address() as AddressInfo).port}`
  const seeds = ['--join', '127.0.0.1:9', '--join', silent]
  const text = start(['up', '--open', '--data', dir, ...HERE, ...seeds])
  expect((await text.line())?.includes('listens on')).toEqual(true)
  const readyAtMs = performance.now()
  const told = () => text.errSoFar().match(/Joining through .*/g) ?? []
  while (told().length < 2) await new Promise((resolve) => setImmediate(resolve))
  expect(performance.now() - readyAtMs).toBeLessThan(2_000)
  expect(told()).toEqual([
    'Joining through 127.0.0.1:9 failed: connection refused; it is tried again.',
    `Joining through ${silent}: no answer yet.`,
  ])
  text.child.kill('SIGTERM')
  await text.ended

  const json = up(...seeds)
  await ready(json)
  let line = await json.line()
  while (line !== null && !line.includes('seed.failed')) line = await json.line()
  const { seq: _, at: __, ...news } = JSON.parse(line ?? '{}')
  expect(news).toEqual({ schemaVersion: 1, type: 'seed.failed', address: '127.0.0.1:9', why: 'connection refused' })
  json.child.kill('SIGTERM')
  expect((await json.ended).err).toEqual('')
  mute.close()
})

test('a node without a network names whom it waits for, and ends with why', async () => {
  const mute = createServer(() => undefined).listen(0, '127.0.0.1')
  await once(mute, 'listening')
  const silent = `127.0.0.1:${(mute.address() as AddressInfo).port}`
  const text = start(['up', '--data', dir, ...HERE, '--join', silent])
  const json = start(['up', '--json', '--data', mkdtempSync(join(dir, 'other-')), ...HERE, '--join', silent])
  const slow = `no answer yet from ${silent}, to tell which kind of network it is in; waiting 5 s in all`
  const error = `it can't be told which kind of network ${silent} (it did not answer in time) is in; join a private one with its invitation, an open one with --open`
  const [asText, asJson] = await Promise.all([text.ended, json.ended])
  expect([asText.code, asText.err]).toEqual([2, `${slow}\n${error}\n`])
  expect([asJson.code, asJson.err]).toEqual([2, said({ warning: slow }, { error })])
  mute.close()
})

test('an invitation of another network is told as such', async () => {
  const [one, other] = [mkdtempSync(join(dir, 'one-')), mkdtempSync(join(dir, 'other-'))]
  const member = start(['up', '--json', '--data', one, ...HERE])
  const { listen } = await ready(member)
  const invitation = writeInvitation({ secret: 'A'.repeat(43), addresses: [{ address: String(listen), id: 'ab'.repeat(16) }] })
  const stray = start(['up', '--data', other, ...HERE, '--join', invitation])
  while (!stray.errSoFar().includes('failed')) await new Promise((resolve) => setImmediate(resolve))
  expect(stray.errSoFar()).toContain(
    `Joining through ${listen} failed: it is in another network, or has another secret than the invitation that was given; it is tried again.`,
  )
})

test('a recording that can not be made is told before anything says that the node is there', async () => {
  const file = join(dir, 'nowhere', 'day.jsonl')
  const { code, out, err } = await up('--record', file).ended
  expect([code, out, err]).toEqual([1, '', said({ error: `can't record to ${file}: its directory is not there` })])
})
