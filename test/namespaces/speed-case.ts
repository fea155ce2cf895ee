// Speed tests between two whole nodes over a path that is known, beside iperf3 over the same path in the same run.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { median } from '../../bench/measure.ts'
import type { SpeedtestAnswer } from '../../src/answers.ts'
import { ENDS, layPath, type Path, type PathKind } from './path.ts'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const PORT = 8_088

const WAYS = ['down', 'up'] as const
/** Where iperf3 reads so much else than ours it is run once more: a lost packet on a long path makes it slow for seconds, and nothing makes it too fast. */
const APART = 0.03

export interface SpeedCase {
  readonly path: PathKind
  readonly tests: number
  /** Of iperf3, each way; what it counts begins after a fifth of that. */
  readonly iperfSeconds: number
}

export interface SpeedSamples {
  /** What iperf3 says of each way, in Mbit/s. */
  readonly iperfMbps: { readonly down: number; readonly up: number }
  readonly tests: readonly SpeedSample[]
}

export interface SpeedSample {
  readonly answer: SpeedtestAnswer
  /** What crossed the path, both ways together, handshakes and what was on the way at the end among it. */
  readonly wireBytes: number
}

/** Lays the path, measures, and takes it away again. `folder`: for the nodes' files. `told`: of each test as it comes. */
export async function runSpeedCase(
  { path: kind, tests, iperfSeconds }: SpeedCase,
  folder: string,
  told: (sample: SpeedSample) => void = () => {},
): Promise<SpeedSamples> {
  const path = await layPath(kind)
  const running = new Set<ChildProcess>()
  try {
    const first = await iperf(path, iperfSeconds, running)
    await startNode(path, 'far', [], folder, running)
    const near = await startNode(path, 'near', ['--join', `${ENDS.far}:${PORT}`], folder, running)
    await near.hears('peer.added')
    const samples: SpeedSample[] = []
    while (samples.length < tests) {
      const before = crossed(path)
      const answer = await speedtest(path, folder)
      // Whoever serves gives one asker ten seconds of a minute.
      if (answer === null) {
        await new Promise((resolve) => setTimeout(resolve, 2_000))
        continue
      }
      const sample = { answer, wireBytes: crossed(path) - before }
      samples.push(sample)
      told(sample)
    }
    const isApart = WAYS.some((way) => Math.abs(median(samples.map(({ answer }) => answer[`${way}Mbps`])) / first[way] - 1) > APART)
    const again = isApart ? await iperf(path, iperfSeconds, running) : first
    return { iperfMbps: { down: Math.max(first.down, again.down), up: Math.max(first.up, again.up) }, tests: samples }
  } finally {
    const gone = [...running].map((child) => once(child, 'close'))
    for (const child of running) child.kill('SIGKILL')
    await Promise.all(gone)
    await path.remove()
  }
}

/** So many nodes at one end test the one at the other at once, again and again. What each was told, in Mbit/s. */
export async function runTogether(
  kind: PathKind,
  { nodes, tests }: { nodes: number; tests: number },
  folder: string,
): Promise<readonly SpeedtestAnswer[]> {
  const path = await layPath(kind)
  const running = new Set<ChildProcess>()
  try {
    await startNode(path, 'far', [], folder, running)
    const names = Array.from({ length: nodes }, (_, i) => `near-${i}`)
    for (const [i, name] of names.entries()) {
      const near = await startNode(path, 'near', ['--join', `${ENDS.far}:${PORT}`], folder, running, { name, port: PORT + 1 + i })
      await near.hears('peer.added')
    }
    const all = names.map(async (name) => {
      const answers: SpeedtestAnswer[] = []
      while (answers.length < tests) {
        const answer = await speedtest(path, folder, name)
        if (answer !== null) answers.push(answer)
      }
      return answers
    })
    return (await Promise.all(all)).flat()
  } finally {
    const gone = [...running].map((child) => once(child, 'close'))
    for (const child of running) child.kill('SIGKILL')
    await Promise.all(gone)
    await path.remove()
  }
}

const crossed = (path: Path): number => path.arrivedAt('near') + path.arrivedAt('far')

function start(words: readonly string[], running: Set<ChildProcess>): ChildProcess {
  const [tool = '', ...args] = words
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('MOONWALK_')))
  const child = spawn(tool, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  running.add(child)
  child.once('close', () => running.delete(child))
  return child
}

/** Several may be at one end, each with a name and a port of its own. */
async function startNode(
  path: Path,
  end: 'near' | 'far',
  flags: readonly string[],
  folder: string,
  running: Set<ChildProcess>,
  { name = end as string, port = PORT } = {},
) {
  const always = ['--json', '--open', '--addresses', 'any', '--control', '127.0.0.1:0', '--speedtest-budget', 'off']
  const place = ['--name', name, '--data', `${folder}/${name}`, '--listen', `0.0.0.0:${port}`]
  const child = start(
    [...path.at(end), 'setpriv', '--pdeathsig', 'KILL', process.execPath, MAIN, 'up', ...always, ...place, ...flags],
    running,
  )
  const lines: string[] = []
  const waiting = new Set<() => void>()
  if (child.stdout)
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      for (const look of waiting) look()
    })
  const hears = (word: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!lines.some((line) => line.includes(`"${word}"`))) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      child.once('close', () => reject(new Error(`the node ${name} ended`)))
      look()
    })
  await hears('ready')
  return { hears }
}

/** Null: it is busy. */
async function speedtest(path: Path, folder: string, by = 'near'): Promise<SpeedtestAnswer | null> {
  const [tool = '', ...words] = [...path.at('near'), process.execPath, MAIN, 'speedtest', 'far', '--json', '--data', `${folder}/${by}`]
  return promisify(execFile)(tool, words, { timeout: 60_000 }).then(
    ({ stdout }) => JSON.parse(stdout),
    (error: Error) => {
      if (/under way|has no time/.test(error.message)) return null
      throw error
    },
  )
}

/** One stream each way, as its users run it. */
async function iperf(path: Path, seconds: number, running: Set<ChildProcess>): Promise<SpeedSamples['iperfMbps']> {
  const server = start([...path.at('far'), 'setpriv', '--pdeathsig', 'KILL', 'iperf3', '-s', '--forceflush'], running)
  if (server.stdout) await once(server.stdout, 'data')
  const [tool = '', ...words] = path.at('near')
  const measure = async (...flags: readonly string[]): Promise<number> => {
    const options = ['-c', ENDS.far, '-t', `${seconds}`, '-O', `${Math.ceil(seconds / 5)}`, '-J', ...flags]
    const { stdout } = await promisify(execFile)(tool, [...words, 'iperf3', ...options], { timeout: 60_000, maxBuffer: 1 << 26 })
    return JSON.parse(stdout).end.sum_received.bits_per_second / 1e6
  }
  const told = { up: await measure(), down: await measure('-R') }
  server.kill('SIGKILL')
  await once(server, 'close')
  return told
}
