// node --import tsx bench/many.ts [--nodes N] [--kind private|open] [--most SECONDS]; alone on its wires: unshare -rn, with lo up.
// Whole nodes as processes that all join one seed at once: when every table is complete, and what it took until then: processor
// time of each, connections, packets and bytes of the loopback. On a busy machine the counts say more than the time.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { writeInvitation } from '../src/invitation.ts'
import { machineLine, markdown, median, quantile, shown } from './measure.ts'
import { program } from './nodes.ts'

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '40' },
    kind: { type: 'string', default: 'private' },
    most: { type: 'string', default: '90' },
  },
})
const count = Number(values.nodes)
const mostMs = Number(values.most) * 1_000
const folder = mkdtempSync(join(tmpdir(), 'moonwalk-bench-'))
const secret = randomBytes(32).toString('base64url')
/** Clock ticks a second in /proc. */
const TICKS = 100

interface Joiner {
  readonly child: ChildProcess
  readonly pid: number
  listen: string
  readyMs: number
  id: string
  readonly listed: Set<string>
  readonly news: Map<string, number>
  cpuAtReadyS: number
}

function start(name: string, seeds: readonly string[]): Promise<Joiner> {
  const invitation = writeInvitation({ secret, addresses: [] })
  const env = { ...process.env, MOONWALK_SEEDS: [...(values.kind === 'open' ? [] : [invitation]), ...seeds].join(',') }
  const args = ['up', '--json', '--name', name, '--data', join(folder, name), '--addresses', 'any', '--control', '127.0.0.1:0']
  const flags = [...args, '--listen', '127.0.0.1:0', '--speedtest-budget', 'off', ...(values.kind === 'open' ? ['--open'] : [])]
  const child = spawn(process.execPath, [program, ...flags], { stdio: ['ignore', 'pipe', 'ignore'], env })
  const joiner: Joiner = { child, pid: child.pid ?? 0, listen: '', readyMs: 0, id: '', listed: new Set(), news: new Map(), cpuAtReadyS: 0 }
  return new Promise((resolve, reject) => {
    child.once('close', () => reject(new Error(`${name} ended`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as { event?: string; type?: string; id?: string; listen?: string; peer?: string }
      if (said.event === 'ready') {
        Object.assign(joiner, { listen: said.listen, id: said.id, readyMs: performance.now(), cpuAtReadyS: cpuOf(joiner.pid) })
        resolve(joiner)
      }
      if (said.type !== undefined) joiner.news.set(said.type, (joiner.news.get(said.type) ?? 0) + 1)
      if (said.peer === undefined) return
      if (said.type === 'peer.added' || said.type === 'peer.changed') joiner.listed.add(said.peer)
      if (said.type === 'peer.removed') joiner.listed.delete(said.peer)
    })
  })
}

/** Seconds of processor time, its own and the system's for it. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}
const rssOf = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1_024

interface Wire {
  readonly connects: number
  readonly segments: number
  readonly bytes: number
}
function wire(): Wire {
  const [names = '', figures = ''] = readFileSync('/proc/net/snmp', 'latin1')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
  const at = (name: string): number => Number(figures.split(' ')[names.split(' ').indexOf(name)])
  const lo = /\blo:\s*(\d+)/.exec(readFileSync('/proc/net/dev', 'latin1'))?.[1]
  return { connects: at('ActiveOpens'), segments: at('OutSegs'), bytes: Number(lo) }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const lacking = (all: readonly Joiner[]): number =>
  all.reduce((sum, { listed, id }) => sum + Math.max(0, count - 1 - listed.size + (listed.has(id) ? 1 : 0)), 0)

if (!existsSync(program)) throw new Error(`${program} is not there; run \`npm run build\` first`)
const all: Joiner[] = []
process.once('exit', () => {
  for (const { child } of all) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})
console.log(`${count} nodes, ${values.kind}; ${machineLine()}`)
const root = await start('root', [])
all.push(root)
const before = wire()
all.push(...(await Promise.all(Array.from({ length: count - 1 }, (_, i) => start(`joiner${i}`, [root.listen])))))
const readyMs = Math.max(...all.map((one) => one.readyMs))
while (lacking(all) > 0 && performance.now() - readyMs < mostMs) await pause(100)
const tookMs = performance.now() - readyMs
const after = wire()
const cpu = all.map(({ pid, cpuAtReadyS }) => cpuOf(pid) - cpuAtReadyS)
const rows = [
  [
    'complete everywhere, after the last was ready',
    lacking(all) === 0
      ? `${shown(tookMs / 1_000)} s`
      : `not in ${shown(tookMs / 1_000)} s: ${lacking(all)} rows lack of ${count * (count - 1)}`,
  ],
  [
    'processor of a node from ready on: median, most, all',
    `${shown(median(cpu))} s, ${shown(quantile(cpu, 1))} s, ${shown(cpu.reduce((sum, one) => sum + one, 0))} s`,
  ],
  ['… before it was ready, median', `${shown(median(all.map((one) => one.cpuAtReadyS)))} s`],
  ['… of the root', `${shown(cpu[0] ?? 0)} s`],
  ['memory of a node, median', `${shown(median(all.map(({ pid }) => rssOf(pid))))} MiB`],
  ['TCP connections a node', shown((after.connects - before.connects) / count)],
  ['segments a node', shown((after.segments - before.segments) / count)],
  ['kB a node, sent', shown((after.bytes - before.bytes) / count / 1_000)],
  [
    'news a node',
    [...new Set(all.flatMap(({ news }) => [...news.keys()]))]
      .filter((type) => type.startsWith('peer.'))
      .map((type) => `${type} ${shown(all.reduce((sum, { news }) => sum + (news.get(type) ?? 0), 0) / count)}`)
      .join(', '),
  ],
]
console.log(markdown(['what', 'value'], rows))
process.exit(lacking(all) === 0 ? 0 : 1)
