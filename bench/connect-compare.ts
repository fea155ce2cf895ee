// `moonwalk connect` of this build beside other builds, and beside the public port of each, in alternation:
//
//   node --import tsx bench/connect-compare.ts turn|direct ROUNDS [--short] MAIN…
//
// MAIN: the `main.js` of a build. `--short`: 100 connections and 128 MiB a sample, for a machine that others use too: more rounds, closer together. Medians over the rounds; in brackets the ratio to the public port of the same build.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { freePorts } from '../src/cli/demo/free-ports.ts'
import { emptySamples, type Samples, type Size, sample, WHOLE } from './connect.ts'
import { type Doors, openDoors, type Path, WAYS, type Way } from './connect-doors.ts'
import { listens, machineLine, markdown, median, progress, shown, start } from './measure.ts'
import { onStage } from './nodes.ts'
import { loadBinary } from './tunnel/load.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { short: { type: 'boolean', default: false } } })
const [path = 'turn', rounds = '5', ...builds] = positionals
const size: Size = values.short ? { connections: 100, mib: 128 } : WHOLE

interface Subject {
  readonly build: string
  readonly doors: Doors
  readonly samples: Readonly<Record<Way, Samples>>
}

async function measure(subjects: readonly Subject[]): Promise<void> {
  for (let round = 0; round < Number(rounds); round++) {
    for (const { build, doors, samples } of round % 2 === 0 ? subjects : [...subjects].reverse())
      for (const way of round % 2 === 0 ? WAYS : [...WAYS].reverse())
        await sample(doors, way, samples[way], size).catch((error: Error) =>
          progress(`${build}, ${way}, left out: ${error.message.trim()}`),
        )
    progress(`round ${round + 1} of ${rounds}`)
  }
}

/** Every build's nodes stand during the whole run, each build on a stage of its own. */
async function standing(target: number, left: readonly string[], stand: readonly Subject[]): Promise<readonly Subject[]> {
  const [build, ...others] = left
  if (build === undefined) {
    await measure(stand)
    return stand
  }
  return onStage(async (stage) => {
    const doors = await openDoors(stage, target, path as Path)
    const done = await standing(target, others, [...stand, { build, doors, samples: emptySamples() }])
    await doors.end()
    return done
  }, resolve(build))
}

const [target = 0] = await freePorts(1)
const service = await start(loadBinary(), ['serve', `127.0.0.1:${target}`], { waits: false })
await listens(target)
const before = machineLine()
const subjects = await standing(target, builds, [])
await service.end()
const row = (name: string, of: (samples: Samples) => readonly number[]): readonly (readonly string[])[] =>
  WAYS.map((way) => [
    `${way}: ${name}`,
    ...subjects.map(({ samples }) => {
      const value = median(of(samples[way]))
      return `${shown(value)} (${(value / median(of(samples.public))).toFixed(2)})`
    }),
  ])
console.log(
  `${path}, ${rounds} rounds of ${size.connections} connections and ${size.mib} MiB; before: ${before}; after: ${machineLine()}\n`,
)
console.log(
  markdown(
    ['figure', ...builds],
    [
      ...row('new connection + echo p50, ms', (one) => one.newMs),
      ...row('one download, MiB/s', (one) => one.downMiBps),
      ...row('CPU per GiB, all nodes, s', (one) => one.cpuSeconds),
    ],
  ),
)
