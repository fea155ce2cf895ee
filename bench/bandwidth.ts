// Speed tests between two nodes over paths that are known, beside iperf3 on the same path: `node --import tsx bench/bandwidth.ts`
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type PathKind, payloadMbps } from '../test/namespaces/path.ts'
import { runSpeedCase, type SpeedSamples } from '../test/namespaces/speed-case.ts'
import { machineLine, markdown, median, progress, quantile, shown } from './measure.ts'

const CASES: Readonly<Record<string, PathKind>> = {
  '20': { type: 'shaped', mbps: 20 },
  '100': { type: 'shaped', mbps: 100 },
  '500': { type: 'shaped', mbps: 500 },
  '50/40': { type: 'delayed', mbps: 50, delayMs: 20 },
  '100/40': { type: 'delayed', mbps: 100, delayMs: 20 },
  '100/80': { type: 'delayed', mbps: 100, delayMs: 40 },
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { tests: { type: 'string', default: '20' } } })
const wanted = positionals.length > 0 ? positionals : Object.keys(CASES)
const tests = Number(values.tests)
if (wanted.some((name) => !(name in CASES)) || !(tests >= 1)) {
  process.stderr.write(`usage: node --import tsx bench/bandwidth.ts [${Object.keys(CASES).join('|')}]… [--tests N]\n`)
  process.exit(2)
}
process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143))

const IPERF_SECONDS = 10
const WAYS = ['down', 'up'] as const
const before = machineLine()
const rows: string[][] = []
const all: number[] = []
for (const name of wanted) {
  const kind = CASES[name]
  if (!kind) continue
  const folder = mkdtempSync(join(tmpdir(), 'moonwalk-bandwidth-'))
  const samples = await runSpeedCase({ path: kind, tests, iperfSeconds: IPERF_SECONDS }, folder, ({ answer }) =>
    progress(`${name}: ↓ ${shown(answer.downMbps)} in ${answer.downMs} ms, ↑ ${shown(answer.upMbps)} in ${answer.upMs} ms`),
  ).finally(() => rmSync(folder, { recursive: true, force: true }))
  for (const way of WAYS) rows.push(rowOf(name, kind, samples, way))
}

function rowOf(name: string, kind: PathKind, { iperfMbps, tests: told }: SpeedSamples, way: 'down' | 'up'): string[] {
  const errors = told.map(({ answer }) => Math.abs(answer[`${way}Mbps`] / iperfMbps[way] - 1) * 100)
  all.push(...errors)
  // Both ways together are seen at the interfaces: half of it is one way's.
  const megabytes = median(told.map(({ wireBytes }) => wireBytes / 2e6))
  return [
    name,
    way,
    shown(payloadMbps(kind.mbps)),
    shown(iperfMbps[way]),
    shown(median(told.map(({ answer }) => answer[`${way}Mbps`]))),
    `${shown(median(errors))} %`,
    `${shown(quantile(errors, 0.95))} %`,
    `${shown(quantile(errors, 1))} %`,
    shown(megabytes),
    shown((iperfMbps[way] * IPERF_SECONDS) / 8 / megabytes),
    shown(median(told.map(({ answer }) => answer[`${way}Ms`] / 1_000))),
    `${told.filter(({ answer }) => !answer[way].settled).length}`,
    `${told.filter(({ answer }) => answer[way].limitedBy === 'processor').length}`,
  ]
}

console.log(`before: ${before}\nafter: ${machineLine()}\n`)
const header = 'Mbit/s / RTT ms, way, path carries, iperf3, ours, error p50, p95, worst, MB, iperf3 / ours, s, unsettled, processor'
console.log(markdown(header.split(', '), rows))
console.log(`\nall: median ${shown(median(all))} %, p95 ${shown(quantile(all, 0.95))} % of ${all.length}`)
