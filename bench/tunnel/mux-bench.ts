// How fast the mux carries bytes between two processes over loopback, far ends in Go. Prints one line per figure, medians.
//
//   node --import tsx bench/tunnel/mux-bench.ts [plain|tls] [ROUNDS] [OLD-CHECKOUT]
//
// A second checkout is measured in alternation, round by round: trust the ratios of one run, not its absolute figures.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const run = promisify(execFile)
const [carrier = 'plain', rounds = '3', other] = process.argv.slice(2)
const root = new URL('../../', import.meta.url).pathname
const dir = mkdtempSync(join(tmpdir(), 'mux-bench-'))
const load = join(dir, 'load')
const children: ChildProcess[] = []

async function begin(command: string, args: readonly string[], cwd = root): Promise<string> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  for await (const line of createInterface({ input: child.stdout })) return line
  throw new Error(`${command} ${args.join(' ')} ended`)
}

async function ends(checkout: string): Promise<string> {
  const node = (args: readonly string[]): Promise<string> =>
    begin(process.execPath, ['--import', 'tsx', 'bench/tunnel/ends.ts', ...args], checkout)
  const { tunnel, door } = JSON.parse(await node(['server', carrier])) as { tunnel: number; door: number }
  await node(['client', carrier, `127.0.0.1:${tunnel}`, target])
  return `127.0.0.1:${door}`
}

const figures = [
  ['down MiB/s', ['down', '1024', '1']],
  ['up MiB/s', ['up', '1024', '1']],
  ['16 at once MiB/s', ['down', '1024', '16']],
  ['new connection ms p50 p95', ['new', '100']],
  ['echo ms p50 p95', ['echo', '500']],
  ['beside bulk: MiB/s, echo ms p50 p95', ['beside', '200']],
] as const

const target = `127.0.0.1:${20_000 + (process.pid % 10_000)}`
try {
  await run('go', ['build', '-o', load, '.'], { cwd: join(root, 'bench/tunnel/load') })
  children.push(spawn(load, ['serve', target]))
  const subjects = [{ name: 'this', door: await ends(root) }]
  if (other !== undefined) subjects.push({ name: 'other', door: await ends(other) })
  const told = new Map<string, number[][]>()
  for (let round = 0; round < Number(rounds); round++) {
    for (const [name, [kind, ...args]] of figures) {
      for (const subject of subjects) {
        const { stdout } = await run(load, [kind, subject.door, ...args], { timeout: 120_000 })
        const key = `${subject.name}: ${name}`
        told.set(key, [...(told.get(key) ?? []), stdout.trim().split(/\s+/).map(Number)])
      }
    }
  }
  for (const [key, samples] of told) {
    const columns = (samples[0] ?? []).map((_, at) => samples.map((sample) => sample[at] ?? Number.NaN).sort((a, b) => a - b))
    console.log(key.padEnd(50), columns.map((column) => (column[Math.floor(column.length / 2)] ?? Number.NaN).toFixed(3)).join('  '))
  }
} finally {
  for (const child of children) child.kill()
  rmSync(dir, { recursive: true, force: true })
}
