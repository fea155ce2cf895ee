// What only the kernel can do to a node's files: a disk that is full, a file that is a mount point, a neighbour in another
// container. Each node has mounts of its own, and is looked into through /proc/PID/root.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { StatusAnswer } from '../../src/answers.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const HERE = ['--json', '--open', '--listen', '127.0.0.1:0', '--control', '127.0.0.1:0', '--addresses', 'any']

let folder = ''
const running = new Set<ChildProcess>()

beforeAll(() => {
  if (process.getuid?.() !== 0) throw new Error('The namespace tests need root, to mount disks: run them as root.')
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'moonwalk-disks-'))
})
afterEach(async () => {
  await Promise.all([...running].map((child) => end(child, 'SIGKILL')))
  rmSync(folder, { recursive: true, force: true })
})

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
  }
  return child.exitCode
}

interface Inside {
  readonly child: ChildProcess
  out(): string
  err(): string
}

/** What an object on stderr says, as the node is asked for JSON. */
function sentenceOf(line: string): string {
  if (line === '') return ''
  const { error, warning }: { readonly error?: string; readonly warning?: string } = JSON.parse(line)
  return error ?? warning ?? line
}

/** A node for which `mounts` were made, in a mount namespace of its own; `flags` more for `unshare`. */
function startInside(mounts: string, args: readonly string[], flags: readonly string[] = []): Inside {
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('MOONWALK_')))
  const script = `${mounts}\nexec "$@"`
  const words = ['--mount', '--propagation', 'private', ...flags, 'sh', '-ec', script, 'sh', process.execPath, MAIN, 'up', ...HERE, ...args]
  const child = spawn('unshare', words, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  let [out, err] = ['', '']
  child.stdout.on('data', (piece: Buffer) => (out += piece))
  child.stderr.on('data', (piece: Buffer) => (err += piece))
  child.once('close', () => running.delete(child))
  return { child, out: () => out, err: () => err.split('\n').map(sentenceOf).join('\n') }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20))
}

interface Ready {
  readonly listen: string
  readonly control: string
}
async function ready(node: Inside): Promise<Ready> {
  await until(() => node.out().includes('"ready"') || node.child.exitCode !== null)
  const [line = ''] = node.out().split('\n')
  if (!line) throw new Error(node.err())
  return JSON.parse(line)
}

async function status({ control }: Ready, dir: string): Promise<StatusAnswer> {
  const token = readFileSync(join(dir, 'control-token'), 'utf8').trim()
  return (await (await fetch(`${control}/api/status`, { headers: { authorization: `Bearer ${token}` } })).json()) as StatusAnswer
}

/** A small disk at DIR, and DIR as it is seen from outside. */
const smallDisk = (dir: string): string => `mount -t tmpfs -o size=256k,mode=700 none ${dir}`
const within = (node: Inside, dir: string): string => `/proc/${node.child.pid}/root${dir}`

function fill(dir: string): void {
  try {
    for (;;) appendFileSync(join(dir, 'fill'), Buffer.alloc(4_096))
  } catch {
    // Full.
  }
}

test('a disk that becomes full is told once and stands in health, and the table is saved once there is room', async () => {
  const dir = join(folder, 'ash')
  mkdirSync(dir)
  const ash = startInside(smallDisk(dir), ['--data', dir, '--name', 'ash'])
  const its = await ready(ash)
  const there = within(ash, dir)
  fill(there)
  startInside(':', ['--data', join(folder, 'elm'), '--name', 'elm', '--join', its.listen])
  const told = (): readonly string[] =>
    ash
      .out()
      .split('\n')
      .filter((line) => line.includes('"warned"'))
  await until(() => told().length > 0)
  const text = `the IP table can't be written to ${join(dir, 'ip_table.json')} (the disk is full)`
  expect((await status(its, there)).health.filter((finding) => finding.text === text).map(({ level }) => level)).toEqual(['error'])
  truncateSync(join(there, 'fill'))
  await until(async () => !(await status(its, there)).health.some((finding) => finding.text.includes('disk is full')))
  expect(JSON.parse(readFileSync(join(there, 'ip_table.json'), 'utf8')).ip_address.map(({ name }: { name: string }) => name)).toContain(
    'elm',
  )
  expect([told().length, await end(ash.child, 'SIGTERM')]).toEqual([1, 0])
})

test('a node starts on a full disk with the key it has, and is found once there is room', async () => {
  const dir = join(folder, 'ash')
  mkdirSync(dir)
  writeFileSync(join(folder, 'identity.json'), JSON.stringify({ ed25519Seed: '07'.repeat(32) }))
  writeFileSync(join(folder, 'network.json'), '{"kind":"open"}')
  const full = `${smallDisk(dir)}\ncp ${folder}/identity.json ${folder}/network.json ${dir}\ncat /dev/zero > ${dir}/fill 2> /dev/null || :`
  const ash = startInside(full, ['--data', dir, '--log', 'silent'])
  const its = await ready(ash)
  expect((await fetch(`http://${its.listen}/server_info`)).status).toEqual(200)
  const there = within(ash, dir)
  expect([ash.err(), existsSync(join(there, 'control.json'))]).toEqual([
    [
      `the control token can't be kept in ${dir}/control-token (the disk is full)`,
      `other commands can't find this node, since ${dir}/control.json can't be written (the disk is full)`,
      '',
    ].join('\n'),
    false,
  ])
  truncateSync(join(there, 'fill'))
  await until(() => existsSync(join(there, 'control.json')))
  expect(await end(ash.child, 'SIGTERM')).toEqual(0)
})

test('a node without a key and a network ends on a full disk with a sentence', async () => {
  const dir = join(folder, 'ash')
  mkdirSync(dir)
  const ash = startInside(`${smallDisk(dir)}\ncat /dev/zero > ${dir}/fill 2> /dev/null || :`, ['--data', dir])
  await once(ash.child, 'close')
  expect([ash.child.exitCode, ash.err().split('\n').at(-2)]).toEqual([
    1,
    `the node's network can't be kept in ${dir}/network.json (the disk is full)`,
  ])
})

test('a table that is mounted from elsewhere is saved there', async () => {
  const dir = join(folder, 'ash')
  const host = join(folder, 'host.json')
  mkdirSync(dir)
  writeFileSync(host, '{"ip_address":[],"of":"the host"}')
  writeFileSync(join(dir, 'ip_table.json'), '')
  const ash = startInside(`mount --bind ${host} ${dir}/ip_table.json`, ['--data', dir, '--name', 'ash'])
  const its = await ready(ash)
  startInside(':', ['--data', join(folder, 'elm'), '--name', 'elm', '--join', its.listen])
  await until(() => readFileSync(host, 'utf8').includes('"elm"'))
  expect([JSON.parse(readFileSync(host, 'utf8')).of, (await status(its, dir)).health]).toEqual(['the host', []])
  expect(await end(ash.child, 'SIGTERM')).toEqual(0)
})

test('of two containers on one volume the second is refused, until the first is gone, however it went', async () => {
  const dir = join(folder, 'volume')
  const container = ['--pid', '--net', '--fork', '--kill-child']
  const up = (): Inside => startInside('ip link set lo up', ['--data', dir], container)
  const one = up()
  await ready(one)
  const two = up()
  await once(two.child, 'close')
  expect([two.child.exitCode, two.err()]).toEqual([
    1,
    `another moonwalk (pid 1 of another container) already uses ${dir}; stop it, or choose another directory with --data\n`,
  ])
  await end(one.child, 'SIGKILL')
  const three = up()
  expect(JSON.parse(three.out() || JSON.stringify(await ready(three)))).toEqual(expect.objectContaining({ event: 'ready' }))
})
