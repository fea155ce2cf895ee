// npm run build && unshare -rn sh -c 'ip link set lo up; node --import tsx bench/rest.ts [NODES] [SETTLE_S] [WATCH_S] [HIDDEN]'
// What a node costs that does nothing: so many whole nodes on the loopback join one, are left alone, and are watched
// then. In a network namespace of its own, since the loopback's counters are everybody's. Of processor time and memory
// the median and the most of all nodes; of traffic what crossed the loopback, headers of IP and TCP among it, by the
// number of nodes; of one node how often each thread woke up. The last HIDDEN of them listen nowhere, and hold tunnels.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { markdown, quantile, shown } from './measure.ts'
import { pause, program } from './nodes.ts'

const [nodes = 20, settleS = 120, watchS = 60, hidden = 0] = process.argv.slice(2).map(Number)
const TICK_MS = 10
const folder = mkdtempSync(join(tmpdir(), 'moonwalk-bench-'))
const children: ChildProcess[] = []
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

/** Settles with where it listens. */
async function started(seed: string | null): Promise<string> {
  const listens = children.length < nodes - hidden ? ['--listen', '127.0.0.1:0'] : ['--no-listen']
  const places = ['--data', join(folder, String(children.length)), ...listens, '--control', '127.0.0.1:0']
  const args = ['up', '--open', '--json', '--addresses', 'any', ...places, ...(seed === null ? [] : ['--join', seed])]
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  children.push(child)
  const line = await new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (text) => text.includes('"ready"') && resolve(text))
  })
  return JSON.parse(line).listen
}

const read = (pid: number | undefined, path: string): string => readFileSync(`/proc/${pid}/${path}`, 'utf8')
const numberIn = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0)
function processorMs(stat: string): number {
  const fields = stat.split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}
const crossed = (): { readonly bytes: number; readonly packets: number } => {
  const [, bytes = 0, packets = 0] = (/lo:\s*(\d+)\s+(\d+)/.exec(readFileSync('/proc/net/dev', 'utf8')) ?? []).map(Number)
  return { bytes, packets }
}
const wakeUps = (pid: number | undefined): ReadonlyMap<string, number> =>
  new Map(
    readdirSync(`/proc/${pid}/task`).map((task) => [
      task,
      numberIn(read(pid, `task/${task}/status`), /^voluntary_ctxt_switches:\s+(\d+)/m),
    ]),
  )

const first = await started(null)
for (let i = 1; i < nodes; i++) await started(first)
await pause(settleS * 1_000)
const watched = children[nodes >> 1]?.pid
const before = { ...crossed(), cpu: children.map(({ pid }) => processorMs(read(pid, 'stat'))), woken: wakeUps(watched) }
const beganMs = performance.now()
await pause(watchS * 1_000)
const seconds = (performance.now() - beganMs) / 1_000
const after = crossed()
const cpuPct = children.map(({ pid }, i) => (processorMs(read(pid, 'stat')) - (before.cpu[i] ?? 0)) / seconds / 10)
const memory = children.map(({ pid }) => read(pid, 'status'))
const rssMb = memory.map((status) => (numberIn(status, /VmRSS:\s+(\d+)/) * 1_024) / 1e6)
const ownMb = memory.map((status) => (numberIn(status, /RssAnon:\s+(\d+)/) * 1_024) / 1e6)
const woken = [...wakeUps(watched)].map(([task, count]) => (count - (before.woken.get(task) ?? 0)) / seconds)
const medianAndMost = (values: readonly number[]): string => `${shown(quantile(values, 0.5))}, ${shown(quantile(values, 1))}`
console.log(
  markdown(
    ['figure of a node at rest', 'is'],
    [
      ['nodes, of them hidden; load of the machine', `${nodes}, ${hidden}; ${readFileSync('/proc/loadavg', 'utf8').split(' ', 1)[0]}`],
      ['of a core, median and most', `${medianAndMost(cpuPct)} %`],
      ['resident memory, median and most', `${medianAndMost(rssMb)} MB`],
      ["… of it its own, without Node's program", `${medianAndMost(ownMb)} MB`],
      ['traffic, by nodes', `${shown(((after.bytes - before.bytes) * 8) / seconds / nodes / 1_000)} kbit/s`],
      ['packets a second, by nodes', shown((after.packets - before.packets) / seconds / nodes)],
      [
        'wake-ups a second, by thread',
        woken
          .filter((rate) => rate >= 0.5)
          .map((rate) => shown(rate))
          .join(', '),
      ],
    ],
  ),
)
process.exit()
