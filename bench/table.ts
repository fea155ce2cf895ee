// node --import tsx bench/table.ts
// What a full page of news costs a large table: 1,000 records, half of them new words of known peers and half of unknown ones,
// merged into 10,000 rows. Prints one line: the median of 21 runs and their range.
import { EMPTY_TABLE, type IpTable, merge } from '../src/domain/ip-table.ts'
import type { PeerRecord } from '../src/domain/record.ts'

const ROWS = 10_000
const RECORDS = 1_000
const WARM_UPS = 5
const RUNS = 21

const record = (index: number, seq: number): PeerRecord => ({
  id: index.toString(16).padStart(32, '0'),
  name: `peer ${index}`,
  address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:8088`,
  seq,
  via: null,
  offersTurn: true,
  left: false,
  envelope: `envelope ${index} ${seq}`,
  p2prc: null,
})

const range = (from: number, count: number, seq: number): readonly PeerRecord[] =>
  Array.from({ length: count }, (_, i) => record(from + i, seq))

const table: IpTable = merge(EMPTY_TABLE, range(0, ROWS, 1), 0).table
const records = range(ROWS - RECORDS / 2, RECORDS, 2)

function run(): number {
  const startMs = performance.now()
  const { changes } = merge(table, records, 0)
  const ms = performance.now() - startMs
  if (changes.length !== RECORDS) throw new Error(`${changes.length} changes instead of ${RECORDS}`)
  return ms
}

for (let i = 0; i < WARM_UPS; i++) run()
const sorted = Array.from({ length: RUNS }, run).sort((a, b) => a - b)
const shown = (ms: number | undefined): string => (ms ?? Number.NaN).toFixed(2)
console.log(
  `merge of ${RECORDS} records into ${ROWS} rows: median ${shown(sorted[RUNS >> 1])} ms of ${RUNS} runs (${shown(sorted[0])} to ${shown(sorted.at(-1))})`,
)
