// `npm run test:faults -- …`: lives through networks with random faults, a seed each. See `usage`.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { createCrew } from './crew.ts'
import { faultText } from './fault.ts'
import { nodeOf, record } from './recorded.ts'
import { run } from './run.ts'
import { type Scenario, scenarioOf, withoutParts } from './scenario.ts'
import type { Flaw } from './watch.ts'

const usage = `npm run test:faults -- [options]
  --seeds N        how many seeds (default 100)
  --from S         the first of them (default 1)
  --minutes M      as many seeds as begin within so many minutes; at least --seeds of them
  --jobs N         worker processes (default: one a core)
  --shrink S       seconds for cutting down each new sort of failure (default 60; 0: not at all)
  --story          one seed: its news too
  --without PARTS  leaves out sorts of faults, p2prc, frps or services: a list with commas
  --script JSON    lives through this scenario instead of a seed's
  --record DIR     writes what one node of each failing one shows to DIR/seed-SEED-NODE.jsonl, for \`moonwalk replay\`
  --of NODE        with --story or --script: that node (default: whom the complaint names), recorded also where nothing failed
Lossy, deaf and mute came later, by draws of their own: --without lossy,deaf,mute a seed is what it was before.
Prints each failing seed with the command that replays it, and for each new sort of failure the shortest scenario found.
Exit code 1 if any failed.
`
const COMMAND = 'npm run test:faults --'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '0' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    shrink: { type: 'string', default: '60' },
    story: { type: 'boolean', default: false },
    without: { type: 'string', default: '' },
    script: { type: 'string' },
    record: { type: 'string' },
    of: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

const without = values.without.split(',').filter(Boolean)
const scenarioFor = (seed: number): Scenario => withoutParts(scenarioOf(seed), without)
const say = (text: string): void => void process.stdout.write(`${text}\n`)
const kindsOf = (flaws: readonly Flaw[]): readonly string[] => [...new Set(flaws.map(({ kind }) => kind))]

if (values.help) say(usage)
else if (values.script !== undefined) process.exitCode = await tell(JSON.parse(values.script) as Scenario)
else if (values.story) process.exitCode = await tell(scenarioFor(Number(values.from)))
else process.exitCode = await search()

/** One scenario, in full. */
async function tell(scenario: Scenario): Promise<number> {
  const { flaws, healedMs, hash, story } = await run(scenario, { withStory: values.story })
  for (const line of story) say(line)
  say(sketch(scenario))
  for (const { kind, text } of flaws) say(`  ${kind}: ${text}`)
  if (values.record !== undefined && (flaws.length > 0 || values.of !== undefined)) {
    const { file } = await record(scenario, values.of ?? nodeOf(scenario, flaws), flaws, values.record)
    say(`  moonwalk replay ${file}`)
  }
  say(flaws.length === 0 ? `whole ${healedMs} ms after the last fault; hash ${hash}` : `FAILED; hash ${hash}`)
  return flaws.length === 0 ? 0 : 1
}

async function search(): Promise<number> {
  const [seeds, from, minutes, shrinkMs] = [
    Number(values.seeds),
    Number(values.from),
    Number(values.minutes),
    Number(values.shrink) * 1_000,
  ]
  const crew = createCrew(Number(values.jobs))
  const beganMs = performance.now()
  const seconds = (): number => Math.round((performance.now() - beganMs) / 1_000)
  const shrunk = new Set<string>()
  const count = { passed: 0, failed: 0 }
  const kinds = new Map<string, number>()
  const failed: { readonly seed: number; readonly flaws: readonly Flaw[] }[] = []
  let next = from
  const lane = async (): Promise<void> => {
    while (next < from + seeds || performance.now() - beganMs < minutes * 60_000) {
      const seed = next++
      const answer = await crew.give({ type: 'live', scenario: scenarioFor(seed) })
      const flaws = answer.type === 'lived' ? answer.flaws : [{ kind: 'hung', text: 'its worker died, or did not come to an end' }]
      if (flaws.length === 0) {
        count.passed++
        continue
      }
      count.failed++
      failed.push({ seed, flaws })
      for (const kind of kindsOf(flaws)) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
      say(
        `seed ${seed} FAILED: ${kindsOf(flaws).join('; ')}\n  ${COMMAND} --from ${seed} --story${values.without === '' ? '' : ` --without ${values.without}`}`,
      )
      if (values.record === undefined || answer.type !== 'lived') continue
      const recorded = await crew.give({ type: 'record', scenario: scenarioFor(seed), flaws, dir: values.record })
      if (recorded.type === 'recorded') say(`  moonwalk replay ${recorded.file}`)
    }
  }
  await Promise.all(Array.from({ length: Number(values.jobs) }, lane))
  const tookS = seconds()

  const cutDown = async ({ seed, flaws }: (typeof failed)[number]): Promise<void> => {
    for (const kind of kindsOf(flaws)) {
      if (shrunk.has(kind) || kind === 'hung' || shrinkMs === 0) continue
      shrunk.add(kind)
      const answer = await crew.give({ type: 'shrink', scenario: scenarioFor(seed), kind, withinMs: shrinkMs })
      if (answer.type !== 'shrunk') continue
      say(`\n${kind} (seed ${seed}), cut down in ${answer.tries} tries:\n${sketch(answer.scenario)}`)
      for (const flaw of answer.flaws) say(`  ${flaw.kind}: ${flaw.text}`)
      say(`  ${COMMAND} --script '${JSON.stringify(answer.scenario)}'`)
    }
  }
  await Promise.all(failed.map(cutDown))
  crew.end()
  for (const [kind, times] of [...kinds].sort((a, b) => b[1] - a[1])) say(`${times} × ${kind}`)
  say(`${count.passed} seeds passed, ${count.failed} failed, ${tookS} s`)
  return count.failed === 0 ? 0 : 1
}

function sketch({ nodes, frps, p2prc, faults, endMs }: Scenario): string {
  const lines = nodes.map(({ name, nat, listens, offersTurn, seeds, services, turns, startMs }) =>
    [
      `  ${name}`,
      nat === 'none' ? 'public' : `behind NAT (${nat})`,
      ...(listens ? [] : ['listens nowhere']),
      ...(offersTurn ? [] : ['no TURN']),
      ...(seeds.length > 0 ? [`seeds ${seeds.join(' ')}`] : []),
      ...(services.length > 0 ? [`services ${services.join(' ')}`] : []),
      ...(turns.includes('frps') ? [`turns ${turns.join(' ')}`] : []),
      ...(startMs > 0 ? [`from ${startMs} ms`] : []),
    ].join(', '),
  )
  return [
    ...lines,
    ...(frps ? ['  frps'] : []),
    ...(p2prc ? [`  gopher, seeds ${p2prc.seeds.join(' ')}`] : []),
    ...faults.map((fault) => `  ${faultText(fault)}`),
    `  ${endMs / 1_000} s end`,
  ].join('\n')
}
