// A service by its public port and by `moonwalk connect`, in alternation: whole nodes as processes on the loopback, behind a TURN and
// reached directly.
import { freePorts } from '../src/cli/demo/free-ports.ts'
import { cpuMs, type Doors, openDoors, type Path, WAYS, type Way } from './connect-doors.ts'
import { type Figure, listens, median, numbersOf, type Part, progress, shown, start } from './measure.ts'
import { onStage } from './nodes.ts'
import { loadBinary } from './tunnel/load.ts'

const PATHS = ['turn', 'direct'] as const

export const connectPart: Part = async ({ rounds, short }) => {
  const [target = 0] = await freePorts(1)
  const service = await start(loadBinary(), ['serve', `127.0.0.1:${target}`], { waits: false })
  await listens(target)
  const figures: Figure[] = []
  const details: string[] = []
  try {
    for (const path of PATHS) {
      const found = await onStage(async (stage) => {
        const doors = await openDoors(stage, target, path)
        const samples = emptySamples()
        for (let round = 0; round < (short ? 1 : rounds); round++)
          for (const way of round % 2 === 0 ? WAYS : [...WAYS].reverse()) {
            const { newMs, downMiBps } = await sample(doors, way, samples[way], short ? SHORT : WHOLE)
            progress(`connect, ${path}, ${round + 1}, ${way}: ${shown(newMs)} ms, ${shown(downMiBps)} MiB/s`)
          }
        await doors.end()
        return samples
      })
      figures.push(...figuresOf(path, found))
      for (const way of WAYS)
        details.push(
          `- ${path}, ${way}: new connection + echo ${found[way].newMs.map(shown).join(', ')} ms; download ${found[way].downMiBps.map(shown).join(', ')} MiB/s`,
        )
    }
    return { figures, details: details.join('\n') }
  } finally {
    await service.end()
  }
}

function figuresOf(path: Path, found: Readonly<Record<Way, Samples>>): readonly Figure[] {
  const where = path === 'turn' ? 'connect' : 'connect, no TURN between'
  const pair = (
    of: (samples: Samples) => readonly number[],
  ): { readonly ours: number; readonly rival: { name: string; value: number } } => ({
    ours: median(of(found.connect)),
    rival: { name: 'public port', value: median(of(found.public)) },
  })
  // Without a TURN the public port is the service's own node alone: what `connect` adds to that is a node and TLS.
  const isGoal = path === 'turn'
  return [
    {
      name: `${where}: new connection + echo p50`,
      unit: 'ms',
      ...pair((one) => one.newMs),
      goal: isGoal ? { of: 'ratio', at: 'most', limit: 1.5 } : null,
    },
    { name: `${where}: CPU per GiB, all nodes`, unit: 's', ...pair((one) => one.cpuSeconds), goal: null },
    {
      name: `${where}: one download`,
      unit: 'MiB/s',
      ...pair((one) => one.downMiBps),
      goal: isGoal ? { of: 'ratio', at: 'least', limit: 0.7 } : null,
    },
  ]
}

/** What each sample is taken of: new connections, one after another, and one download. */
export interface Size {
  readonly connections: number
  readonly mib: number
}
export const WHOLE: Size = { connections: 300, mib: 512 }
export const SHORT: Size = { connections: 50, mib: 64 }

export interface Samples {
  readonly newMs: number[]
  readonly downMiBps: number[]
  /** For a GiB, of all nodes. */
  readonly cpuSeconds: number[]
}

export const emptySamples = (): Readonly<Record<Way, Samples>> => ({
  public: { newMs: [], downMiBps: [], cpuSeconds: [] },
  connect: { newMs: [], downMiBps: [], cpuSeconds: [] },
})

/** Takes each figure once more, by one way. */
export async function sample(
  { at, pids }: Doors,
  way: Way,
  into: Samples,
  { connections, mib }: Size,
): Promise<{ readonly newMs: number; readonly downMiBps: number }> {
  const cpu = (): number => Object.values(pids).reduce((sum, pid) => sum + cpuMs(pid), 0)
  const [newMs = Number.NaN] = await numbersOf(loadBinary(), ['new', at[way], String(connections)])
  const before = cpu()
  const [downMiBps = Number.NaN] = await numbersOf(loadBinary(), ['down', at[way], String(mib), '1'])
  into.cpuSeconds.push(((cpu() - before) / 1_000) * (1_024 / mib))
  into.newMs.push(newMs)
  into.downMiBps.push(downMiBps)
  return { newMs, downMiBps }
}
