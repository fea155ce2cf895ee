// What every part of the bench shares: options, medians, figures with their goals, and the table that is printed.
import { execFile, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

export interface Options {
  /** Alternating rounds; the median of them is told. */
  readonly rounds: number
  /** Small transfers and few rounds, to see that everything runs: the figures are not to be quoted. */
  readonly short: boolean
}

/** One line of the table. The ratio is `ours / rival`, its unit that of the values. */
export interface Figure {
  readonly name: string
  readonly unit: string
  readonly ours: number
  readonly rival: { readonly name: string; readonly value: number } | null
  readonly goal: Goal | null
}

/** `of`: what the limit binds — our own value, `ours / rival`, or `ours - rival`. */
export interface Goal {
  readonly of: 'value' | 'ratio' | 'difference'
  readonly at: 'most' | 'least'
  readonly limit: number
}

export interface Told {
  readonly figures: readonly Figure[]
  /** Markdown with what stands behind the figures; empty when nothing. */
  readonly details: string
}

export type Part = (options: Options) => Promise<Told>

export const root = new URL('../', import.meta.url).pathname

export function quantile(values: readonly number[], at: number): number {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b)
  return sorted[Math.round(at * (sorted.length - 1))] ?? Number.NaN
}
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** Whether the goal is met; null where there is none. */
export function met({ ours, rival, goal }: Figure): boolean | null {
  if (!goal) return null
  const value = goal.of === 'value' ? ours : goal.of === 'ratio' ? ours / (rival?.value ?? Number.NaN) : ours - (rival?.value ?? Number.NaN)
  return goal.at === 'most' ? value <= goal.limit : value >= goal.limit
}

export function shown(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)
}

function goalText({ unit, goal }: Figure): string {
  if (!goal) return ''
  const sign = goal.at === 'most' ? '≤' : '≥'
  if (goal.of === 'ratio') return `${sign} ${goal.limit} ×`
  return goal.of === 'difference' ? `${sign} rival + ${goal.limit} ${unit}` : `${sign} ${goal.limit} ${unit}`
}

export function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}

export const figureTable = (figures: readonly Figure[]): string =>
  markdown(
    ['figure', 'ours', 'rival', 'ratio', 'goal', 'met'],
    figures.map((figure) => {
      const { name, unit, ours, rival } = figure
      const reached = met(figure)
      return [
        name,
        `${shown(ours)} ${unit}`,
        rival ? `${shown(rival.value)} ${unit} (${rival.name})` : '',
        rival ? shown(ours / rival.value) : '',
        goalText(figure),
        reached === null ? '' : reached ? 'yes' : 'no',
      ]
    }),
  )

export function machineLine(): string {
  const load = loadavg().map((figure) => figure.toFixed(2))
  return `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}, load average ${load.join(' ')}`
}

export const progress = (text: string): void => void process.stderr.write(`${text}\n`)

/** Runs to its end; answers the numbers it printed. */
export async function numbersOf(command: string, args: readonly string[], timeoutMs = 120_000): Promise<readonly number[]> {
  const { stdout } = await promisify(execFile)(command, [...args], { timeout: timeoutMs })
  return stdout.trim().split(/\s+/).map(Number)
}

export interface Process {
  readonly pid: number
  /** Its first line on stdout. */
  readonly line: string
  end(): Promise<void>
}

/** What still runs when this process ends, ends with it. */
const running = new Set<() => void>()
process.once('exit', () => {
  for (const kill of running) kill()
})

/** Starts a process; settles with its first line, rejects when it ends before. `waits: false`: it is silent. */
export async function start(command: string, args: readonly string[], { waits = true } = {}): Promise<Process> {
  const child = spawn(command, [...args], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const kill = (): void => void child.kill('SIGKILL')
  running.add(kill)
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => {
      running.delete(kill)
      resolve()
    })
  })
  const line = !waits
    ? ''
    : await new Promise<string>((resolve, reject) => {
        createInterface({ input: child.stdout }).once('line', resolve)
        void closed.then(() => reject(new Error(`${command} ${args.join(' ')} ended`)))
      })
  return {
    pid: child.pid ?? 0,
    line,
    end: () => {
      // SIGTERM: an end that is being profiled writes what it saw.
      child.kill(process.env.MOONWALK_BENCH_NODE_FLAGS === undefined ? 'SIGKILL' : 'SIGTERM')
      return closed
    },
  }
}

/** Settles once something listens there: for processes that don't say so. */
export async function listens(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const answered = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.destroy() && resolve(true)).on('error', () => resolve(false))
    })
    if (answered) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`nothing listens on port ${port}`)
}
