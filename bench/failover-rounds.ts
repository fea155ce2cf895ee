// What a TURN's end costs those who visit a service behind it, in every way that it can end, many times over real NAT:
//
//   node --import tsx bench/failover-rounds.ts ROUNDS [--most SECONDS]
//
// Plays `test/namespaces/failover.test.ts` again and again, each time in a new town, and prints the median, p95 and worst of what it
// told. Needs what the namespaces' tests need. A round takes about fifty seconds; none is begun after `--most` (default 3,600).
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { machineLine, markdown, progress, quantile, root } from './measure.ts'

/** As the test tells one fault, played once. */
const LINE = /^(.+): 1 times; worst ms until answered: either address (\d+), connect (\d+), domain (\d+); turned away (\d+)$/
/** A round that hangs is given up. */
const ROUND_MS = 600_000

interface Figures {
  readonly either: number[]
  readonly connect: number[]
  readonly domain: number[]
  readonly turnedAway: number[]
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { most: { type: 'string', default: '3600' } } })
const rounds = Number(positionals[0] ?? '5')
const untilMs = performance.now() + Number(values.most) * 1_000
const found = new Map<string, Figures>()
let played = 0
let withFailures = 0
const before = machineLine()
while (played < rounds && performance.now() < untilMs) {
  const { stdout, status } = spawnSync('npx', ['vitest', 'run', '--project', 'namespaces', 'test/namespaces/failover.test.ts'], {
    cwd: root,
    env: { ...process.env, MOONWALK_FAILOVER_ROUNDS: '1', NO_COLOR: '1' },
    timeout: ROUND_MS,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  played++
  if (status !== 0) withFailures++
  for (const line of stdout.split('\n')) {
    const [, fault, ...told] = LINE.exec(line.trim()) ?? []
    if (fault === undefined) continue
    const of = found.get(fault) ?? { either: [], connect: [], domain: [], turnedAway: [] }
    found.set(fault, of)
    for (const [at, kind] of (['either', 'connect', 'domain', 'turnedAway'] as const).entries()) of[kind].push(Number(told[at]))
  }
  progress(`round ${played} of ${rounds}: ${status === 0 ? 'passed' : 'a test failed'}; ${machineLine()}`)
}
const three = (of: readonly number[]): string => [0.5, 0.95, 1].map((at) => quantile(of, at)).join(' / ')
console.log(`${played} rounds, in ${withFailures} of them a test failed; before: ${before}; after: ${machineLine()}\n`)
console.log(
  markdown(
    ['the TURN …', 'times', 'either address, ms: p50 / p95 / worst', '`connect`', 'a domain', 'turned away, worst'],
    [...found].map(([fault, { either, connect, domain, turnedAway }]) => [
      fault,
      String(either.length),
      three(either),
      three(connect),
      three(domain),
      String(Math.max(...turnedAway)),
    ]),
  ),
)
