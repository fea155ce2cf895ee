// node --import tsx bench/scale.ts [--nodes N,N…] [--whole M] [--hours H] [--seed S] [--most SECONDS] [PART…]
// What a network costs each of its nodes, by how many there are: whole nodes, with the code that serves people, in one virtual
// world on one virtual clock. Of more than `--whole` only so many are: they have all others in their files, who do no more than
// answer, and only their start and their rest are measured. Times are virtual, but for the last columns: what this machine took.
import { parseArgs } from 'node:util'
import { markdown } from './measure.ts'
import { churn, death, evictions, moved, oneWay, partition, record, word } from './scale-changes.ts'
import { populate } from './scale-network.ts'
import { join, rest } from './scale-parts.ts'
import { createRun, type Line, OutOfTime, type Run } from './scale-run.ts'

const PARTS: Readonly<Record<string, (run: Run) => Promise<void>>> = {
  ...{
    join,
    rest,
    record: record(0),
    'record-loss': record(0.3),
    word: word(0),
    'word-loss': word(0.3),
    moved,
    death,
    'one-way': oneWay,
    partition,
    churn,
    evictions: (run) => evictions(run, Number(values.hours)),
  },
}
const usage = `node --import tsx bench/scale.ts [--nodes N,N…] [--whole M] [--hours H] [--seed S] [--most SECONDS] [${Object.keys(PARTS).join('|')}]…\n`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string', default: '10,100' },
    whole: { type: 'string', default: '1000' },
    hours: { type: 'string', default: '17' },
    seed: { type: 'string', default: '1' },
    most: { type: 'string', default: '600' },
  },
})
const sizes = values.nodes.split(',').map(Number)
if (positionals.some((name) => !(name in PARTS)) || sizes.some((count) => !(count >= 4))) {
  process.stderr.write(usage)
  process.exit(2)
}

async function measure(count: number): Promise<readonly Line[]> {
  const whole = Math.min(count, Number(values.whole))
  const population = populate(Number(values.seed), { crowd: count - whole, whole })
  const lines: Line[] = []
  const run = createRun(population, { count: whole, crowd: count - whole }, Number(values.most), (line) => {
    lines.push(line)
    process.stderr.write(
      `${count} nodes: ${line.what}: ${line.value} (${line.cpuS.toFixed(1)} s of a processor, ${line.wallS.toFixed(1)} s)\n`,
    )
  })
  const leave = population.world.enter()
  try {
    for (const [name, part] of Object.entries(PARTS))
      if (name === 'join' || ((whole === count || name === 'rest') && (positionals.length === 0 || positionals.includes(name))))
        await part(run)
  } catch (error) {
    if (!(error instanceof OutOfTime)) throw error
    run.tell('FAILED', error.message)
    process.exitCode = 1
  } finally {
    leave()
  }
  return lines
}

for (const count of sizes) {
  const lines = await measure(count)
  console.log(`\n${count} nodes\n`)
  console.log(
    markdown(
      ['what', 'value', 'CPU s', 'wall s'],
      lines.map(({ what, value, cpuS, wallS }) => [what, value, cpuS.toFixed(1), wallS.toFixed(1)]),
    ),
  )
}
