// node --import tsx bench/table.ts [ROWS …]
// What the table's operations cost at 1,000, 10,000 and 100,000 rows: one ping recorded, a full page of news merged (half of it
// new words of known peers, half unknown ones), the same page again, the nearest that could be a TURN, a page of what is passed
// on, and all of it put in from the file; then that file written, read and added to, with the longest time that nothing else had
// a turn. Of each operation the median and the worst of the runs: nothing else of the process has a turn while one lasts.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { FIRST_PAGE, KeptTable, merge, recordBurst, restoreRows } from '../src/domain/ip-table.ts'
import type { PeerRecord } from '../src/domain/record.ts'
import { answerTo } from '../src/domain/table/differences.ts'
import { MOST_UNPROVEN_A_SOURCE } from '../src/domain/timings.ts'
import { createTableStore } from '../src/io/disk/table-store.ts'
import type { StoredRow } from '../src/p2prc/table-file.ts'
import { markdown, quantile, shown } from './measure.ts'

const SIZES = [1_000, 10_000, 100_000]
const RECORDS = 1_000
const WARM_UPS = 5
const RUNS = 41

const record = (index: number, seq: number): PeerRecord => ({
  id: index.toString(16).padStart(32, '0'),
  name: `peer ${index}`,
  address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:8088`,
  seq,
  via: null,
  offersTurn: index % 2 === 0,
  left: false,
  envelope: `envelope ${index} ${seq}`,
  p2prc: null,
})
const keyAt = (index: number): string => index.toString(16).padStart(32, '0')
const range = (from: number, count: number, seq: number): readonly PeerRecord[] =>
  Array.from({ length: count }, (_, i) => record(from + i, seq))

/** All alive, each at a latency of its own. */
function tableOf(rows: number): KeptTable {
  const table = new KeptTable()
  for (let i = 0; i < rows; i++) {
    merge(table, [record(i, 1)], 0, 'firsthand')
    recordBurst(table, keyAt(i), { type: 'answered', rttMs: latencyOf(i) }, 0)
  }
  return table
}
/** Spread over 200 ms, and another with each turn. */
const latencyOf = (index: number): number => ((index * 7_919) % 200_000) / 1_000

interface Operation {
  readonly name: string
  readonly run: (turn: number) => void
}

function operations(table: KeptTable, rows: number): readonly Operation[] {
  const at = (turn: number): number => (turn * 104_729) % rows
  return [
    {
      name: 'one ping recorded',
      run: (turn) => void recordBurst(table, keyAt(at(turn)), { type: 'answered', rttMs: latencyOf(at(turn) + turn) }, turn),
    },
    { name: `merge of ${RECORDS}, all news`, run: (turn) => mergePage(table, rows, turn) },
    { name: `merge of ${RECORDS}, nothing new`, run: () => void merge(table, range(0, RECORDS, 1), 0) },
    { name: 'the 8 nearest TURNs', run: () => void table.turns.slice(0, 8) },
    { name: 'a page of 200 in order', run: (turn) => void table.listed.slice(at(turn), 200) },
    {
      name: 'a page of 200, searched and sorted',
      run: (turn) => void table.page({ ...FIRST_PAGE, sort: 'name', isDown: true, search: 'PEER', offset: at(turn) }),
    },
    {
      name: 'a gossip answer: digests of all, of a range, and its words',
      run: (turn) => {
        const range = (at(turn) % 256).toString(16).padStart(2, '0')
        if (table.words.digest.count + table.words.partsOf('').length + table.words.partsOf(range).length === 0) return
        answerTo(table.words, { ranges: [], lists: [{ range, words: [] }], offers: [] }, () => 'held', { room: 0, fraction: 0 })
      },
    },
    { name: `all ${rows} put in from the file`, run: () => restored(rows) },
  ]
}

/** Half are known. The others come from so many sources that all may tell of theirs, and go again. */
function mergePage(table: KeptTable, rows: number, turn: number): void {
  const half = Math.min(RECORDS / 2, rows)
  const changes = [...merge(table, range(0, half, turn + 2), turn)]
  for (let i = 0; i < RECORDS / 2; i += MOST_UNPROVEN_A_SOURCE)
    changes.push(
      ...merge(table, range(1_000_000 + i, Math.min(MOST_UNPROVEN_A_SOURCE, RECORDS / 2 - i), turn + 2), turn, 'hearsay', `${i}`),
    )
  if (changes.length < half) throw new Error(`${changes.length} changes of ${RECORDS}`)
}

function restored(rows: number): void {
  const stored = { latencyMs: 1, downMbps: null, upMbps: null, speedAtMs: null, lastSeen: null, silentSinceMs: null }
  const table = new KeptTable()
  restoreRows(
    table,
    range(0, rows, 1).map((one) => ({ record: one, stored, written: null })),
  )
  if (table.rows.size !== rows) throw new Error(`${table.rows.size} rows of ${rows}`)
}

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : SIZES
const lines = sizes.map((rows) => {
  const table = tableOf(rows)
  return operations(table, rows).map(({ name, run }) => {
    const isLong = name.startsWith('all')
    const times = Array.from({ length: isLong ? 3 : WARM_UPS + RUNS }, (_, turn) => {
      const startMs = performance.now()
      run(turn)
      return performance.now() - startMs
    }).slice(isLong ? 0 : WARM_UPS)
    return [rows.toLocaleString('en'), name, shown(quantile(times, 0.5)), shown(quantile(times, 1))]
  })
})
/** How long an operation takes, and the longest time meanwhile in which nothing else had a turn. */
async function watched(rows: number, name: string, work: () => Promise<unknown>): Promise<readonly string[]> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  await new Promise((resolve) => setTimeout(resolve, 50))
  delay.enable()
  const startMs = performance.now()
  await work()
  const ms = performance.now() - startMs
  await new Promise((resolve) => setTimeout(resolve, 20))
  delay.disable()
  return [rows.toLocaleString('en'), name, shown(ms), shown(delay.max / 1e6)]
}

async function fileOf(rows: number): Promise<readonly (readonly string[])[]> {
  const folder = mkdtempSync(join(tmpdir(), 'moonwalk-bench-'))
  const stored = range(0, rows, 1).map(({ id, name, envelope }, i): StoredRow => {
    const figures = { latency: 1, download: null, upload: null, speedAt: null, lastSeen: '2030-01-01T00:00:00.000Z' }
    return {
      id,
      name,
      host: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
      port: 8_088,
      ...figures,
      envelope: `${envelope}${'x'.repeat(400)}`,
      p2prc: null,
    }
  })
  const store = createTableStore(join(folder, 'ip_table.json'))
  const told = [
    await watched(rows, 'written whole', () => store.write({ rows: stored })),
    await watched(rows, 'a change of 100 rows kept', () => store.append({ rows: stored.slice(0, 100), gone: [] })),
    await watched(rows, 'read', () => createTableStore(join(folder, 'ip_table.json')).read()),
  ]
  rmSync(folder, { recursive: true, force: true })
  return told
}

const files: (readonly string[])[] = []
for (const rows of sizes) files.push(...(await fileOf(rows)))
console.log(markdown(['rows', 'operation', 'median ms', 'worst ms'], lines.flat()))
console.log(markdown(['rows', 'file', 'ms', 'longest without a turn, ms'], files))
