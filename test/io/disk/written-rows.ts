import type { StoredRow } from '../../../src/p2prc/table-file.ts'

export const ROWS = 200

/** A whole table, all of whose rows are of the same round. */
export const rowsOf = (round: number): StoredRow[] =>
  Array.from({ length: ROWS }, (_, i) => ({
    id: null,
    name: `round ${round}`,
    host: `198.51.100.${i}`,
    port: 1 + (round % 60_000),
    latency: 12.4,
    download: null,
    upload: null,
    speedAt: null,
    lastSeen: null,
    envelope: null,
    p2prc: null,
  }))
