// Records what arrives when, in namespaces, for the fixtures in test/domain/traces: `node --import tsx
// test/namespaces/record-traces.ts FOLDER [NAME]…`. As root, with Go, iproute2 and iperf3. Each trace is of four streams over the
// members' channel, and holds what has come with TLS's own bytes, by this format: lines that begin with # say what it is; every
// other line is how many tenths of a millisecond passed since the line before, and how many bytes came.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { watchArrivals } from '../../src/actors/membership/arrivals.ts'
import { newIdentity } from '../../src/io/disk/identity.ts'
import { createNodeHttp } from '../../src/io/network/peer-http.ts'
import { createNodeClock } from '../../src/io/node-clock.ts'
import { isFailure, type OnBytes } from '../../src/ports.ts'
import { ENDS, layPath, type PathKind, payloadMbps } from './path.ts'

const STREAMS = 4
const PORT = 8_088
/** Arrivals closer than this are one line. */
const GRAIN_MS = 0.3

interface Wanted {
  readonly path: PathKind
  /** How much of it is kept. */
  readonly ms: number
  /** Commands that run at an end meanwhile, or before. */
  readonly beside?: { readonly end: 'near' | 'far'; readonly command: string }
  readonly before?: { readonly end: 'near' | 'far'; readonly command: string }
  /** The receiving process is at work for so much of every 50 ms. */
  readonly busyMs?: number
  /** What its payload is, where that is not what the path carries. */
  readonly mbps?: number
}

const long = { type: 'delayed', mbps: 100, delayMs: 40 } as const
const TRACES: Readonly<Record<string, Wanted>> = {
  ramp: { path: long, ms: 240 },
  'slow-start': { path: long, ms: 700 },
  plateau: { path: { type: 'shaped', mbps: 100 }, ms: 400 },
  'hole-and-burst': { path: { type: 'delayed', mbps: 50, delayMs: 20, lossPct: 0.3 }, ms: 1_500 },
  'cross-traffic': {
    path: { type: 'delayed', mbps: 100, delayMs: 20 },
    ms: 1_500,
    beside: { end: 'far', command: `iperf3 -u -b 30M -t 6 -c ${ENDS.near}` },
    before: { end: 'near', command: 'iperf3 -s -1 -D' },
    mbps: payloadMbps(100) - 30,
  },
  'noisy-processor': { path: { type: 'delayed', mbps: 100, delayMs: 20 }, ms: 1_500, busyMs: 35 },
  'token-bucket-boost': {
    path: { type: 'delayed', mbps: 100, delayMs: 10 },
    ms: 1_500,
    before: { end: 'far', command: 'tc qdisc add dev line root tbf rate 50mbit burst 4mb latency 50ms' },
    mbps: payloadMbps(50),
  },
  'lagging-receiver': { path: { type: 'shaped', mbps: 500 }, ms: 450 },
  'long-path': { path: { type: 'delayed', mbps: 100, delayMs: 60 }, ms: 2_000 },
}

async function serve(): Promise<void> {
  const network = { type: 'open' } as const
  const http = createNodeHttp(undefined, { identity: newIdentity(), network: () => network })
  const body = { type: 'filler', bytes: 1 << 30 } as const
  await http.serve({ address: `0.0.0.0:${PORT}`, onRequest: async ({ path }) => ({ status: 200, body: path === '/open' ? '' : body }) })
  console.log('ready')
}

/** Prints the trace, and the round trip of the first requests before it. */
async function fetchTrace(ms: number, busyMs: number): Promise<void> {
  const network = { type: 'open' } as const
  const http = createNodeHttp(undefined, { identity: newIdentity(), network: () => network })
  const apart = {}
  const ask = (path: string, onBytes?: OnBytes) =>
    http.request(`${ENDS.far}:${PORT}`, { method: 'GET', path, over: 'channel', apart, timeoutMs: 20_000, ...(onBytes ? { onBytes } : {}) })
  const all = <T>(make: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: STREAMS }, make))
  const opened = (await all(() => ask('/open'))).flatMap((answer) => (isFailure(answer) ? [] : [answer.timing.answerMs]))
  if (busyMs > 0) setInterval(() => spin(busyMs), 50)
  const lines: string[] = []
  let [startMs, lastMs, lastBytes] = [Number.NaN, 0, 0]
  const arrivals = watchArrivals(createNodeClock(), (now, bytes) => {
    if (Number.isNaN(startMs)) startMs = lastMs = now
    if (now - lastMs < GRAIN_MS && lines.length > 0) return
    const tenths = Math.round((now - lastMs) * 10)
    lines.push(`${tenths} ${bytes - lastBytes}`)
    lastMs += tenths / 10
    lastBytes = bytes
  })
  await all(() =>
    ask('/bytes', (count, arrived) => {
      arrivals.piece(arrived, count)
      return performance.now() - startMs < ms
    }),
  )
  console.log(`# rtt ${Math.min(...opened).toFixed(1)} ms\n${lines.join('\n')}`)
  process.exit(0)
}

function spin(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

async function record(folder: string, names: readonly string[]): Promise<void> {
  const self = fileURLToPath(import.meta.url)
  mkdirSync(folder, { recursive: true })
  for (const [name, { path: kind, ms, beside, before, busyMs = 0, mbps }] of Object.entries(TRACES)) {
    if (names.length > 0 && !names.includes(name)) continue
    const path = await layPath(kind)
    const running: ChildProcess[] = []
    const begin = (end: 'near' | 'far', words: readonly string[]): ChildProcess => {
      const [tool = '', ...args] = [...path.at(end), 'setpriv', '--pdeathsig', 'KILL', ...words]
      const child = spawn(tool, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      running.push(child)
      return child
    }
    const node = [process.execPath, '--import', 'tsx', self]
    try {
      if (before) execFileSync('ip', [...path.at(before.end).slice(1), ...before.command.split(' ')], { stdio: 'inherit' })
      const server = begin('far', [...node, 'serve'])
      if (server.stdout) await once(server.stdout, 'data')
      if (beside) {
        begin(beside.end, beside.command.split(' '))
        await new Promise((resolve) => setTimeout(resolve, 1_000))
      }
      const [tool = '', ...args] = [...path.at('near'), ...node, 'fetch', `${ms}`, `${busyMs}`]
      const trace = execFileSync(tool, args, { encoding: 'utf8' })
      const carries = (mbps ?? payloadMbps(kind.mbps)).toFixed(1)
      writeFileSync(
        `${folder}/${name}.txt`,
        `# ${name}: four streams over TLS, ${JSON.stringify(kind)}\n# carries ${carries} Mbit/s\n${trace}`,
      )
      console.log(name)
    } finally {
      for (const child of running) child.kill('SIGKILL')
      await path.remove()
    }
  }
}

const [what = '', ...rest] = process.argv.slice(2)
if (what === 'serve') await serve()
else if (what === 'fetch') await fetchTrace(Number(rest[0]), Number(rest[1]))
else await record(what === '' ? fileURLToPath(new URL('../domain/traces', import.meta.url)) : what, rest)
