// npm run bench [-- PART…] [--short] [--rounds N] [--nodes N,N…]: every part
// in turn, then one table. README.md says what each measures.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bandwidthNeeds } from './bandwidth-needs.ts'
import { connectPart } from './connect.ts'
import { failoverPart } from './failover.ts'
import { latencyPart } from './latency.ts'
import { type Figure, figureTable, machineLine, type Options, type Part, progress, root } from './measure.ts'
import { networkPart } from './network.ts'
import { pagePart } from './page.ts'
import { startPart } from './start.ts'
import { idlePart } from './tunnel/idle.ts'
import { contentPart, farPart, versusPart } from './tunnel/versus.ts'

const parts: Readonly<Record<string, Part>> = {
  start: startPart,
  network: networkPart,
  latency: latencyPart,
  connect: connectPart,
  failover: failoverPart,
  tunnel: versusPart,
  far: farPart,
  idle: idlePart,
  content: contentPart,
  page: pagePart,
}
/** Have a process and an output of their own. */
const TABLE = 'table'
const BANDWIDTH = 'bandwidth'
const SCALE = 'scale'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false }, rounds: { type: 'string' }, nodes: { type: 'string' } },
})
const options: Options = { short: values.short, rounds: Number(values.rounds ?? (values.short ? 1 : 7)) }
const known = [...Object.keys(parts), BANDWIDTH, TABLE, SCALE]
const wrong = positionals.find((name) => !known.includes(name))
if (wrong !== undefined || !(options.rounds >= 1)) {
  process.stderr.write(`usage: npm run bench -- [${known.join('|')}]… [--short] [--rounds N] [--nodes N,N…]\n`)
  process.exit(2)
}
const wanted = (name: string): boolean => positionals.length === 0 || positionals.includes(name)
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))

const figures: Figure[] = []
const details: string[] = []
const failures: string[] = []
const before = machineLine()
for (const [name, part] of Object.entries(parts)) {
  if (!wanted(name)) continue
  try {
    const told = await part(options)
    figures.push(...told.figures)
    if (told.details !== '') details.push(told.details)
  } catch (error) {
    failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    progress(`${name} failed: ${failures.at(-1)}`)
  }
}

console.log(`${new Date().toISOString().slice(0, 10)}, ${options.rounds} round(s)${options.short ? ', SHORT: not to be quoted' : ''}`)
console.log(`before: ${before}`)
console.log(`after: ${machineLine()}\n`)
if (figures.length > 0) console.log(figureTable(figures))
if (details.length > 0) console.log(`\n${details.join('\n\n')}`)
const apart = (name: string, title: string, args: readonly string[] = []): void => {
  console.log(`\n### ${title}\n`)
  const { status } = spawnSync(process.execPath, ['--max-semi-space-size=64', '--import', 'tsx', join(root, `bench/${name}.ts`), ...args], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) failures.push(`${name}: ended with ${status}`)
}
if (wanted(BANDWIDTH)) {
  const missing = bandwidthNeeds()
  if (missing === null) apart(BANDWIDTH, 'Speed tests', options.short ? ['100', '--tests', '2'] : [])
  else console.log(`\n${BANDWIDTH} was skipped: ${missing}`)
}
if (wanted(SCALE)) apart(SCALE, 'A network by its size', ['--nodes', values.nodes ?? (options.short ? '10' : '10,100')])
if (wanted(TABLE)) apart(TABLE, 'The IP table')
for (const failure of failures) console.log(`\nFAILED: ${failure}`)
process.exitCode = failures.length === 0 ? 0 : 1
