// One node of the demo: a process of this very program, asked over its control port.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { PeersAnswer, StatusAnswer } from '../../answers.ts'
import type { Entry } from '../../feed/news.ts'

export interface Child {
  readonly name: string
  readonly id: string
  readonly listen: string | null
  /** When it was ready, by this process's clock. */
  readonly readyMs: number
  /** News from its start on, and whoever listens for more. */
  readonly news: readonly Entry[]
  onNews(listener: (entry: Entry) => void): void
  status(): Promise<StatusAnswer | null>
  peers(): Promise<PeersAnswer | null>
  /** Measures the speed to a peer now; false: not now, since one of both has another test under way. */
  speedtest(peer: string): Promise<boolean>
  table(): Promise<{ readonly ip_address: readonly Readonly<Record<string, unknown>>[] } | null>
  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGTERM'): void
  readonly ended: Promise<void>
}

interface Ready {
  readonly event: 'ready'
  readonly id: string
  readonly listen: string | null
  readonly control: string
}

const ASK_MS = 2_000
const SPEEDTEST_MS = 15_000

/**
 * Starts a node; settles when it is ready, rejects with a sentence when it ends before. `seeds`: whom it joins, in its environment,
 * since arguments are for everybody on the machine to read and an invitation is not.
 */
export function startChild(
  name: string,
  dataDir: string,
  flags: readonly string[],
  running: Set<ChildProcess>,
  seeds: readonly string[] = [],
): Promise<Child> {
  const program = process.argv[1] ?? ''
  const args = [
    'up',
    '--json',
    '--name',
    name,
    '--data',
    dataDir,
    '--addresses',
    'any',
    '--control',
    '127.0.0.1:0',
    // On one machine no test begins by itself: who wants one asks for it.
    '--speedtest-budget',
    'off',
    ...flags,
  ]
  const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('MOONWALK_') || key === 'MOONWALK_PUBLIC_API_ONLY')
  const env = { ...Object.fromEntries(inherited), MOONWALK_SEEDS: seeds.join(',') }
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env })
  running.add(child)
  const news: Entry[] = []
  const listeners = new Set<(entry: Entry) => void>()
  let complaint = ''
  child.stderr.on('data', (piece: Buffer) => {
    complaint = (complaint + piece.toString('utf8')).slice(-2_000)
  })
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      running.delete(child)
      resolve()
    })
  })
  return new Promise((resolve, reject) => {
    void ended.then(() => reject(new Error(`the node ${name} ended: ${complaint.trim()}`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as Entry | Ready
      if ('type' in said) {
        news.push(said)
        for (const listener of listeners) listener(said)
        return
      }
      const entry = said
      const { token } = JSON.parse(readFileSync(join(dataDir, 'control.json'), 'utf8')) as { token: string }
      const ask = async <T>(path: string, body?: object): Promise<T | null> => {
        try {
          const response = await fetch(`${entry.control}${path}`, {
            headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
            ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
            signal: AbortSignal.timeout(body ? SPEEDTEST_MS : ASK_MS),
          })
          return response.ok ? ((await response.json()) as T) : null
        } catch {
          return null // it is being killed, or has not answered in time: asked again
        }
      }
      resolve({
        name,
        id: entry.id,
        listen: entry.listen,
        readyMs: performance.now(),
        news,
        onNews: (listener) => void listeners.add(listener),
        status: () => ask('/api/status'),
        peers: () => ask('/api/peers'),
        table: () => ask('/api/table'),
        speedtest: async (peer) => (await ask('/api/speedtest', { peer })) !== null,
        kill: (signal) => void child.kill(signal),
        ended,
      })
    })
  })
}
