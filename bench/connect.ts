// A service behind a TURN, by its public port and by `moonwalk connect`, in alternation: whole nodes as processes on the loopback.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from '../src/cli/demo/free-ports.ts'
import { listens, median, numbersOf, type Part, progress, shown, start } from './measure.ts'
import { onStage, program, type Stage, until } from './nodes.ts'
import { loadBinary } from './tunnel/load.ts'

const WAYS = ['public', 'connect'] as const
type Way = (typeof WAYS)[number]

export const connectPart: Part = async ({ rounds, short }) => {
  const [target = 0] = await freePorts(1)
  const service = await start(loadBinary(), ['serve', `127.0.0.1:${target}`], { waits: false })
  await listens(target)
  try {
    const found = await onStage((stage) => measure(stage, target, { rounds, short }))
    const pair = (
      of: (samples: Samples) => readonly number[],
    ): { readonly ours: number; readonly rival: { name: string; value: number } } => ({
      ours: median(of(found.connect)),
      rival: { name: 'public port', value: median(of(found.public)) },
    })
    return {
      figures: [
        {
          name: 'connect: new connection + echo p50',
          unit: 'ms',
          ...pair((one) => one.newMs),
          goal: { of: 'ratio', at: 'most', limit: 1.5 },
        },
        { name: 'connect: CPU per GiB, all three nodes', unit: 's', ...pair((one) => one.cpuSeconds), goal: null },
        { name: 'connect: one download', unit: 'MiB/s', ...pair((one) => one.downMiBps), goal: { of: 'ratio', at: 'least', limit: 0.7 } },
      ],
      details: WAYS.flatMap((way) => [
        `- ${way}: new connection + echo ${found[way].newMs.map(shown).join(', ')} ms; download ${found[way].downMiBps.map(shown).join(', ')} MiB/s`,
      ]).join('\n'),
    }
  } finally {
    await service.end()
  }
}

interface Samples {
  readonly newMs: number[]
  readonly downMiBps: number[]
  /** For a GiB, of the TURN, the service's node and the user's. */
  readonly cpuSeconds: number[]
}

/** Of all threads, exact. */
const cpuMs = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce(
    (sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
    0,
  )

async function measure(stage: Stage, target: number, { rounds, short }: { readonly rounds: number; readonly short: boolean }) {
  const turn = await stage.node('turn', [], '--listen', '127.0.0.1:0')
  const seeds = [turn.listen ?? '']
  const home = await stage.node('home', seeds, '--no-listen', '--expose', `web=${target}`)
  const user = await stage.node('user', seeds, '--no-listen')
  await until('the service is up', [home], async (child) => ((await child.status())?.services[0]?.public ? '' : 'has none'))
  await until('the user knows home', [user], async (child) =>
    (await child.peers())?.peers.some(({ name, state }) => name === 'home' && state === 'alive') ? '' : 'does not',
  )
  const held = await start(process.execPath, [program, 'connect', 'home/web', '--json', '--data', join(stage.folder, 'user')])
  const doors: Readonly<Record<Way, string>> = {
    public: (await home.status())?.services[0]?.public ?? '',
    connect: (JSON.parse(held.line) as { readonly address: string }).address,
  }
  const found: Readonly<Record<Way, Samples>> = {
    public: { newMs: [], downMiBps: [], cpuSeconds: [] },
    connect: { newMs: [], downMiBps: [], cpuSeconds: [] },
  }
  const pids = ['turn', 'home', 'user'].map(
    (name) => (JSON.parse(readFileSync(join(stage.folder, name, 'control.json'), 'utf8')) as { readonly pid: number }).pid,
  )
  const cpu = (): number => pids.reduce((sum, pid) => sum + cpuMs(pid), 0)
  for (let round = 0; round < (short ? 1 : rounds); round++)
    for (const way of round % 2 === 0 ? WAYS : [...WAYS].reverse()) {
      const [newMs = Number.NaN] = await numbersOf(loadBinary(), ['new', doors[way], short ? '50' : '300'])
      const before = cpu()
      const mib = short ? 64 : 512
      const [downMiBps = Number.NaN] = await numbersOf(loadBinary(), ['down', doors[way], String(mib), '1'])
      found[way].cpuSeconds.push(((cpu() - before) / 1_000) * (1_024 / mib))
      found[way].newMs.push(newMs)
      found[way].downMiBps.push(downMiBps)
      progress(`connect ${round + 1}, ${way}: ${shown(newMs)} ms, ${shown(downMiBps)} MiB/s`)
    }
  await held.end()
  return found
}
