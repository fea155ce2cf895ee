// Whole nodes as processes on the loopback, and two ports for one service of one of them: its public one, and that of `moonwalk connect`.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { start } from './measure.ts'
import { type Stage, until } from './nodes.ts'

export const WAYS = ['public', 'connect'] as const
export type Way = (typeof WAYS)[number]

/** `turn`: the service's node is behind a TURN. `direct`: its own port is open. */
export type Path = 'turn' | 'direct'

export interface Doors {
  /** `host:port` of each way. */
  readonly at: Readonly<Record<Way, string>>
  /** By node, in the order of the path. */
  readonly pids: Readonly<Record<string, number>>
  end(): Promise<void>
}

/** A TURN (none on the direct path), a node with the service that listens at `target`, and a user's node that is connected to it. */
export async function openDoors(stage: Stage, target: number, path: Path): Promise<Doors> {
  const expose = ['--expose', `web=${target}`]
  const names = path === 'turn' ? ['turn', 'home', 'user'] : ['home', 'user']
  const first =
    path === 'turn'
      ? await stage.node('turn', [], '--listen', '127.0.0.1:0')
      : await stage.node('home', [], '--listen', '127.0.0.1:0', ...expose)
  const seeds = [first.listen ?? '']
  const home = path === 'turn' ? await stage.node('home', seeds, '--no-listen', ...expose) : first
  const user = await stage.node('user', seeds, '--no-listen')
  await until('the service is up', [home], async (child) => ((await child.status())?.services[0]?.public ? '' : 'has none'))
  await until('the user knows home', [user], async (child) =>
    (await child.peers())?.peers.some(({ name, state }) => name === 'home' && state === 'alive') ? '' : 'does not',
  )
  const held = await start(process.execPath, [stage.program, 'connect', 'home/web', '--json', '--data', join(stage.folder, 'user')])
  const pidOf = (name: string): number =>
    (JSON.parse(readFileSync(join(stage.folder, name, 'control.json'), 'utf8')) as { readonly pid: number }).pid
  return {
    at: {
      public: (await home.status())?.services[0]?.public ?? '',
      connect: (JSON.parse(held.line) as { readonly address: string }).address,
    },
    pids: Object.fromEntries(names.map((name) => [name, pidOf(name)])),
    end: () => held.end(),
  }
}

/** Of all threads of a process, exact. */
export const cpuMs = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce(
    (sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
    0,
  )
