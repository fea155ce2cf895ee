// Speed tests between whole nodes, over paths that are known, beside iperf3 over the same path in the same run.
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type PathKind, payloadMbps } from './path.ts'
import { runSpeedCase, runTogether } from './speed-case.ts'

const TESTS = 3
/** Of the middle one of a case, both ways. A machine that is busy with other things is wrong by some per cent. */
const MOST_ERROR = 0.05

let folder: string

beforeAll(() => {
  if (process.getuid?.() !== 0) throw new Error('The namespace tests need root, to make network namespaces: run them as root.')
  for (const [tool, flag, from] of [
    ['tc', '-V', 'iproute2'],
    ['iperf3', '-v', 'iperf3'],
    ['go', 'version', 'golang'],
  ] as const)
    try {
      execFileSync(tool, [flag], { stdio: 'ignore' })
    } catch {
      throw new Error(`The namespace tests need "${tool}": apt-get install ${from}.`)
    }
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moonwalk-bandwidth-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const middle = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

test.each<[string, PathKind]>([
  ['20 Mbit/s next door', { type: 'shaped', mbps: 20 }],
  ['100 Mbit/s next door', { type: 'shaped', mbps: 100 }],
  ['50 Mbit/s, 40 ms away', { type: 'delayed', mbps: 50, delayMs: 20 }],
  ['100 Mbit/s, 40 ms away', { type: 'delayed', mbps: 100, delayMs: 20 }],
  ['100 Mbit/s, 80 ms away', { type: 'delayed', mbps: 100, delayMs: 40 }],
])('%s is read as iperf3 reads it, for a twelfth of its bytes', async (_, path) => {
  const { iperfMbps, tests } = await runSpeedCase({ path, tests: TESTS, iperfSeconds: 4 }, folder)
  const rows = tests.map(({ answer, wireBytes }) => ({
    ...{ down: answer.downMbps, up: answer.upMbps, downMs: answer.downMs, upMs: answer.upMs, MB: Math.round(wireBytes / 1e5) / 10 },
    ...{ downWords: answer.down.words, upWords: answer.up.words },
  }))
  console.table([{ down: iperfMbps.down, up: iperfMbps.up, downWords: 'iperf3' }, ...rows])
  const errorOf = (way: 'down' | 'up'): number => middle(tests.map(({ answer }) => Math.abs(answer[`${way}Mbps`] / iperfMbps[way] - 1)))
  expect({ down: errorOf('down') <= MOST_ERROR, up: errorOf('up') <= MOST_ERROR }).toEqual({ down: true, up: true })
  const tenSecondsBytes = (payloadMbps(path.mbps) * 1e6 * 10) / 8
  expect(middle(tests.map(({ wireBytes }) => wireBytes / 2)) <= tenSecondsBytes / 12).toEqual(true)
})

test('three nodes that test one server at once get turns, and read the path as one alone does', async () => {
  const answers = await runTogether({ type: 'shaped', mbps: 100 }, { nodes: 3, tests: 4 }, folder)
  const errors = answers
    .flatMap(({ downMbps, upMbps }) => [downMbps, upMbps].map((mbps) => Math.abs(mbps / payloadMbps(100) - 1)))
    .sort((a, b) => a - b)
  const p90 = errors[Math.floor(errors.length * 0.9)] ?? Number.NaN
  console.log(`three at once, ${errors.length} figures: error p50 ${(middle(errors) * 100).toFixed(2)} %, p90 ${(p90 * 100).toFixed(2)} %`)
  expect([answers.length, p90 <= 0.1]).toEqual([12, true])
})
