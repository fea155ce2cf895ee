// npm run build && unshare -rn sh -c 'ip link set lo up; node --import tsx bench/rest.ts [NODES] [SETTLE_S] [WATCH_S] [HIDDEN] [OTHER…]'
// What a node costs that does nothing: so many whole nodes on the loopback join one, are left alone, and are watched
// then. In a network namespace of its own, since the loopback's counters are everybody's. Of processor time and memory
// the median and the most of all nodes; of traffic what crossed the loopback, headers of IP and TCP among it, by the
// number of nodes; of one node how often each thread woke up. The last HIDDEN of them listen nowhere, and hold tunnels.
// OTHER: `dist/main.js` of other builds, each of which has the same done to it, in turn, in a column of its own before the present one.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { markdown, quantile, shown } from './measure.ts'
import { pause, program } from './nodes.ts'

const [nodes = 20, settleS = 120, watchS = 60, hidden = 0] = process.argv.slice(2, 6).map(Number)
const others = process.argv.slice(6)
const NS_OF_PERCENT = 1e7
const folder = mkdtempSync(join(tmpdir(), 'moonwalk-bench-'))
let children: ChildProcess[] = []
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** Settles with where it listens. */
async function started(main: string, data: string, seed: string | null): Promise<string> {
  const listens = children.length < nodes - hidden ? ['--listen', '127.0.0.1:0'] : ['--no-listen']
  const places = ['--data', join(data, String(children.length)), ...listens, '--control', '127.0.0.1:0']
  const args = ['up', '--open', '--json', '--addresses', 'any', ...places, ...(seed === null ? [] : ['--join', seed])]
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  children.push(child)
  const line = await new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (text) => text.includes('"ready"') && resolve(text))
  })
  return JSON.parse(line).listen
}

const read = (pid: number | undefined, path: string): string => readFileSync(`/proc/${pid}/${path}`, 'utf8')
const numberIn = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0)
const tasks = (pid: number | undefined): readonly string[] => readdirSync(`/proc/${pid}/task`)
/** Of all threads, as the scheduler counts it: ticks of 10 ms are too coarse for what is asleep most of the time. */
const processorNs = (pid: number | undefined): number =>
  tasks(pid).reduce((sum, task) => sum + Number(read(pid, `task/${task}/schedstat`).split(' ')[0]), 0)
const crossed = (): { readonly bytes: number; readonly packets: number } => {
  const [, bytes = 0, packets = 0] = (/lo:\s*(\d+)\s+(\d+)/.exec(readFileSync('/proc/net/dev', 'utf8')) ?? []).map(Number)
  return { bytes, packets }
}
const wakeUps = (pid: number | undefined): ReadonlyMap<string, number> =>
  new Map(tasks(pid).map((task) => [task, numberIn(read(pid, `task/${task}/status`), /^voluntary_ctxt_switches:\s+(\d+)/m)]))
const medianAndMost = (values: readonly number[]): string => `${shown(quantile(values, 0.5))}, ${shown(quantile(values, 1))}`

/** What a network of that build costs each node: as in `FIGURES`. */
async function watched(main: string, data: string): Promise<readonly string[]> {
  children = []
  const first = await started(main, data, null)
  for (let i = 1; i < nodes; i++) await started(main, data, first)
  await pause(settleS * 1_000)
  const one = children[nodes >> 1]?.pid
  const before = { ...crossed(), cpu: children.map(({ pid }) => processorNs(pid)), woken: wakeUps(one) }
  const beganMs = performance.now()
  await pause(watchS * 1_000)
  const seconds = (performance.now() - beganMs) / 1_000
  const after = crossed()
  const cpuPct = children.map(({ pid }, i) => (processorNs(pid) - (before.cpu[i] ?? 0)) / seconds / NS_OF_PERCENT)
  const memory = children.map(({ pid }) => read(pid, 'status'))
  const mb = (pattern: RegExp): readonly number[] => memory.map((status) => (numberIn(status, pattern) * 1_024) / 1e6)
  const woken = [...wakeUps(one)].map(([task, count]) => (count - (before.woken.get(task) ?? 0)) / seconds)
  const load = readFileSync('/proc/loadavg', 'utf8').split(' ', 1)[0]
  await Promise.all(
    children.map((child) => {
      child.kill('SIGKILL')
      return new Promise((ended) => child.once('close', ended))
    }),
  )
  return [
    `${nodes}, ${hidden}; ${load}`,
    `${medianAndMost(cpuPct)} %`,
    `${medianAndMost(mb(/VmRSS:\s+(\d+)/))} MB`,
    `${medianAndMost(mb(/RssAnon:\s+(\d+)/))} MB`,
    `${shown(((after.bytes - before.bytes) * 8) / seconds / nodes / 1_000)} kbit/s`,
    shown((after.packets - before.packets) / seconds / nodes),
    woken
      .filter((rate) => rate >= 0.5)
      .map((rate) => shown(rate))
      .join(', '),
  ]
}

const FIGURES = [
  'nodes, of them hidden; load of the machine',
  'of a core, median and most',
  'resident memory, median and most',
  "… of it its own, without Node's program",
  'traffic, by nodes',
  'packets a second, by nodes',
  'wake-ups a second, by thread',
]
const columns: (readonly string[])[] = []
for (const [i, main] of [...others, program].entries()) columns.push(await watched(main, join(folder, String(i))))
const titles = others.length === 0 ? ['is'] : [...others.map((_, i) => `other build ${i + 1}`), 'is']
console.log(
  markdown(
    ['figure of a node at rest', ...titles],
    FIGURES.map((figure, i) => [figure, ...columns.map((column) => column[i] ?? '')]),
  ),
)
process.exit()
