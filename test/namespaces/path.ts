// Two machines with one path between them, whose rate, delay, queue and losses are known: a cable shaped by the kernel, or our own
// delay line, since many kernels come without netem.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, renameSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildGo } from '../interop/stock.ts'

export type PathKind =
  /** A cable with tbf at both ends: as long as loopback. */
  | { readonly type: 'shaped'; readonly mbps: number }
  /** `delayMs`: one way. `queueMs` (50): what waits at the rate before packets are dropped. `lossPct` (0): of packets, each way. */
  | { readonly type: 'delayed'; readonly mbps: number; readonly delayMs: number; readonly queueMs?: number; readonly lossPct?: number }

export type End = 'near' | 'far'
export const ENDS: Readonly<Record<End, string>> = { near: '198.51.100.1', far: '198.51.100.2' }

export interface Path {
  /** What comes before a command to have it run there. */
  at(end: End): readonly string[]
  /** What has arrived there since the path was laid, in bytes of IP and Ethernet. */
  arrivedAt(end: End): number
  remove(): Promise<void>
}

/** Payload of full TCP segments that a path of that rate carries: 1,448 of each 1,514 bytes of a frame (timestamps on). */
export const payloadMbps = (mbps: number): number => (mbps * 1_448) / 1_514

let laid = 0

/** The path of the delay line's program. Throws one sentence when Go is not there. */
export function delayLineBinary(): string {
  const folder = fileURLToPath(new URL('../../.cache/namespaces/', import.meta.url))
  mkdirSync(folder, { recursive: true })
  const binary = `${folder}delay-line`
  const fresh = `${binary}.${process.pid}`
  buildGo('the delay line', fileURLToPath(new URL('./delay-line/', import.meta.url)), ['-o', fresh, '.'])
  renameSync(fresh, binary) // another run may be using the old one
  return binary
}

/** Both ends use CUBIC, whatever this machine's default is: it is what most of them have. */
export async function layPath(kind: PathKind): Promise<Path> {
  laid += 1
  const nameOf = (end: End): string => `moonwalk-${process.pid}-path-${laid}-${end}`
  const plug = kind.type === 'shaped' ? 'plug' : 'line'
  const made: End[] = []
  let line: ChildProcess | null = null
  const removeSpaces = (): void => {
    process.removeListener('exit', removeSpaces)
    for (const end of made.splice(0)) ip('netns', 'del', nameOf(end))
  }
  const remove = async (): Promise<void> => {
    if (line !== null && line.exitCode === null) {
      const closed = once(line, 'close')
      line.kill('SIGKILL')
      await closed
    }
    removeSpaces()
  }
  process.once('exit', removeSpaces)
  try {
    for (const end of ['near', 'far'] as const) {
      ip('netns', 'add', nameOf(end))
      made.push(end)
      ip('-n', nameOf(end), 'link', 'set', 'lo', 'up')
    }
    if (kind.type === 'shaped') ip('-n', nameOf('near'), 'link', 'add', plug, 'type', 'veth', 'peer', 'name', plug, 'netns', nameOf('far'))
    else line = await startLine(kind, [nameOf('near'), nameOf('far')])
    for (const end of ['near', 'far'] as const) {
      ip('-n', nameOf(end), 'addr', 'add', `${ENDS[end]}/24`, 'dev', plug)
      ip('-n', nameOf(end), 'link', 'set', plug, 'up')
      ip('-n', nameOf(end), ...words(`route replace 198.51.100.0/24 dev ${plug} src ${ENDS[end]} congctl cubic`))
      if (kind.type === 'shaped')
        run('tc', ['-n', nameOf(end), ...words(`qdisc add dev ${plug} root tbf rate ${kind.mbps}mbit burst 32kb latency 50ms`)])
    }
  } catch (error) {
    await remove()
    throw new Error(`the path can't be laid here: ${error instanceof Error ? error.message : error}`)
  }
  return {
    at: (end) => ['ip', 'netns', 'exec', nameOf(end)],
    arrivedAt: (end) => Number(run('ip', ['netns', 'exec', nameOf(end), 'cat', `/sys/class/net/${plug}/statistics/rx_bytes`])),
    remove,
  }
}

async function startLine(
  { mbps, delayMs, queueMs = 50, lossPct = 0 }: Extract<PathKind, { type: 'delayed' }>,
  names: readonly string[],
): Promise<ChildProcess> {
  const options = ['-delay', `${delayMs}`, '-rate', `${mbps}`, '-queue', `${queueMs}`, '-loss', `${lossPct}`]
  // Its standard input is a pipe from here: it ends when this process does.
  const child = spawn(delayLineBinary(), [...options, ...names], { stdio: ['pipe', 'pipe', 'inherit'] })
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'close').then(() => {
      throw new Error('the delay line ended')
    }),
  ])
  return child
}

const words = (text: string): readonly string[] => text.split(' ')
const ip = (...all: readonly string[]): void => void run('ip', all)
const run = (tool: string, all: readonly string[]): string =>
  execFileSync(tool, all, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 10_000, encoding: 'utf8' })
