import { faultText } from './fault.ts'
import { run } from './run.ts'
import { scenarioOf } from './scenario.ts'

const from = Number(process.argv[2]),
  count = Number(process.argv[3] ?? 1)
for (let seed = from; seed < from + count; seed++) {
  const s = scenarioOf(seed)
  const t0 = process.hrtime.bigint()
  const o = await run(s, { withStory: process.argv.includes('--story') })
  const ms = Number(process.hrtime.bigint() - t0) / 1e6
  console.log(
    seed,
    s.nodes.length,
    'nodes',
    s.faults.length,
    'faults',
    Math.round(ms),
    'ms',
    'healed',
    o.healedMs,
    o.hash,
    [...new Set(o.flaws.map((f) => f.kind))].join('; '),
  )
  if (process.argv.includes('-v')) {
    console.log(
      JSON.stringify(s.nodes.map((n) => [n.name, n.nat, n.listens, n.offersTurn, n.seeds.join(), n.services.join(), n.turns.join()])),
      s.frps,
      s.p2prc,
    )
    for (const f of s.faults) console.log('   ', faultText(f))
    for (const f of o.flaws) console.log('  FLAW', f.kind, '|', f.text)
  }
  for (const l of o.story) console.log(l)
}
