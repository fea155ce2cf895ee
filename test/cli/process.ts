// The command as a process of its own, as people and scripts run it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface Running {
  readonly child: ChildProcess
  /** The next line on stdout; null at its end. */
  line(): Promise<string | null>
  /** What it said on stderr. */
  errSoFar(): string
  /** How it ended, with everything it said. */
  readonly ended: Promise<{
    readonly code: number | null
    readonly signal: NodeJS.Signals | null
    readonly out: string
    readonly err: string
  }>
}

const running = new Set<ChildProcess>()

/** Nothing of this process's own settings reaches it. */
export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  })
  running.add(child)
  let [out, err] = ['', '']
  child.stdout.on('data', (piece: Buffer) => {
    out += piece.toString('utf8')
  })
  child.stderr.on('data', (piece: Buffer) => {
    err += piece.toString('utf8')
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    line: async () => {
      const { value, done } = await lines.next()
      return done ? null : value
    },
    errSoFar: () => err,
    ended: once(child, 'close').then(([code, signal]: (number | NodeJS.Signals | null)[]) => {
      running.delete(child)
      return { code: code as number | null, signal: signal as NodeJS.Signals | null, out, err }
    }),
  }
}

/** Ends what a failed test left running. */
export function endAll(): void {
  for (const child of running) child.kill('SIGKILL')
}
