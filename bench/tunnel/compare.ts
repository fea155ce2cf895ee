// A few figures of whole tunnels, for weighing a change: this checkout, others, and stock frp in alternation.
//
//   node --import tsx bench/tunnel/compare.ts SETTING ROUNDS FIGURES SUBJECT…
//
// SETTING: plain, tls or bare. FIGURES: some of down,up,16,50,first,new,echo,beside, by commas. SUBJECT: `stock`, or a
// checkout's folder, with node flags and variables behind it after commas (`.,--max-semi-space-size=32,NAME=1`), and
// `client:` or `server:` in front where stock is the other end. Medians over the rounds, with
// the ratio to the first subject; CPU in seconds of both ends for the whole measure. `first` starts a fresh tunnel each round.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { freePorts } from '../../src/cli/demo/free-ports.ts'
import { startFrpc, startFrps } from '../../test/interop/stock.ts'
import { listens, markdown, median, numbersOf, progress, shown, start } from '../measure.ts'
import { loadBinary } from './load.ts'
import { ourEnd } from './our-end.ts'

interface Ends {
  readonly door: string
  readonly pids: readonly number[]
  end(): Promise<void>
}

const settings = {
  plain: { mux: true, tls: false },
  tls: { mux: true, tls: true },
  bare: { mux: false, tls: false },
} as const
const figures: Readonly<Record<string, { readonly args: readonly string[]; readonly columns: readonly string[] }>> = {
  down: { args: ['down', '256', '1'], columns: ['down MiB/s'] },
  up: { args: ['up', '256', '1'], columns: ['up MiB/s'] },
  16: { args: ['down', '256', '16'], columns: ['16 MiB/s'] },
  50: { args: ['down', '256', '50'], columns: ['50 MiB/s'] },
  first: { args: ['new', '100'], columns: ['first 100 p50 ms', 'first 100 p95 ms'] },
  new: { args: ['new', '300'], columns: ['new p50 ms', 'new p95 ms'] },
  echo: { args: ['echo', '1000'], columns: ['echo p50 ms', 'echo p95 ms'] },
  beside: { args: ['beside', '200'], columns: ['beside MiB/s', 'beside p50 ms', 'beside p95 ms'] },
}

process.setMaxListeners(0)
const [settingName = 'plain', rounds = '3', wanted = 'down', ...subjects] = process.argv.slice(2)
const setting = settings[settingName as keyof typeof settings]

async function startEnd(
  folder: string,
  flags: readonly string[],
  args: readonly string[],
): Promise<{ pid: number; line: string; end(): Promise<void> }> {
  const isFlag = (flag: string): boolean => flag.startsWith('-')
  const env = Object.fromEntries(flags.filter((flag) => !isFlag(flag)).map((pair) => pair.split('=')))
  const child = spawn(process.execPath, [...flags.filter(isFlag), folder.endsWith('.mjs') ? folder : await ourEnd(folder), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  process.once('exit', () => child.kill('SIGKILL'))
  const closed = new Promise<void>((done) => child.once('close', () => done()))
  const line = await new Promise<string>((told) => createInterface({ input: child.stdout }).once('line', told))
  return {
    pid: child.pid ?? 0,
    line,
    end: () => {
      child.kill()
      return closed
    },
  }
}

async function open(subject: string, target: number): Promise<Ends> {
  const [, role = '', path = '.', more = ''] = /^(?:(client|server):)?([^,]*)(.*)$/.exec(subject) ?? []
  const [folder, flags] = [resolve(path), more.split(',').filter((flag) => flag !== '')]
  const settings = { ...setting, token: 'bench' }
  const ours = path !== 'stock'
  const server = ours && role !== 'client' ? await startServer(folder, flags) : await startFrps('0.70.1', settings)
  const end = { mux: setting.mux, tls: setting.tls ? '0x16' : 'off', token: 'bench', peerIsOurs: role === '' }
  const startClient = async () => {
    const client = await startEnd(folder, flags, ['client', `${server.port}`, `${target}`, JSON.stringify(end), '1'])
    return { ...client, door: (JSON.parse(client.line) as { ports: number[] }).ports[0] }
  }
  const startStock = async () => {
    const [door = 0] = await freePorts(1)
    return { ...(await startFrpc('0.70.1', server.port, settings, { name: `x-${door}`, localPort: target, remotePort: door })), door }
  }
  const client = await (ours && role !== 'server' ? startClient() : startStock())
  return { door: `127.0.0.1:${client.door}`, pids: [server.pid, client.pid], end: () => client.end().then(() => server.end()) }
}

async function startServer(folder: string, flags: readonly string[]) {
  const server = await startEnd(folder, flags, ['server'])
  return { ...server, port: (JSON.parse(server.line) as { port: number }).port }
}

/** Of all threads, exact. */
const cpuMs = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce(
    (sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
    0,
  )

const told = new Map<string, number[]>()
const keep = (subject: string, column: string, value: number): void => {
  told.set(`${subject} ${column}`, [...(told.get(`${subject} ${column}`) ?? []), value])
}
const [target = 0] = await freePorts(1)
const sink = await start(loadBinary(), ['serve', `127.0.0.1:${target}`], { waits: false })
await listens(target)
const standing = new Map<string, Ends>()
const chosen = wanted.split(',')
if (chosen.some((name) => name !== 'first')) for (const subject of subjects) standing.set(subject, await open(subject, target))
const columns = new Set<string>()
for (let round = 0; round < Number(rounds); round++) {
  for (const name of chosen) {
    const figure = figures[name]
    if (figure === undefined) throw new Error(`no figure ${name}`)
    for (const subject of round % 2 === 0 ? subjects : [...subjects].reverse()) {
      const ends = name === 'first' ? await open(subject, target) : standing.get(subject)
      if (ends === undefined) continue
      const cpu = (): number => ends.pids.reduce((sum, pid) => sum + cpuMs(pid), 0)
      const before = cpu()
      const [kind = '', ...rest] = figure.args
      const numbers = await numbersOf(loadBinary(), [kind, ends.door, ...rest])
      const used = cpu() - before
      for (const [at, column] of [...figure.columns, `${name} CPU ms`].entries()) {
        columns.add(column)
        keep(subject, column, at < figure.columns.length ? (numbers[at] ?? Number.NaN) : used)
      }
      if (name === 'first') await ends.end()
    }
  }
  progress(`round ${round + 1} of ${rounds}`)
}
for (const ends of standing.values()) await ends.end()
await sink.end()
const [base = ''] = subjects
console.log(
  markdown(
    ['figure', ...subjects],
    [...columns].map((column) => [
      column,
      ...subjects.map((subject) => {
        const value = median(told.get(`${subject} ${column}`) ?? [])
        return `${shown(value)} (${(value / median(told.get(`${base} ${column}`) ?? [])).toFixed(2)})`
      }),
    ]),
  ),
)
process.exit(0)
