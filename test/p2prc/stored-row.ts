// A row as the file has it, of which nothing is known but where it is.
import type { StoredRow } from '../../src/p2prc/table-file.ts'

export const row = (given: Partial<StoredRow> = {}): StoredRow => ({
  id: null,
  name: '',
  host: '203.0.113.7',
  port: 8088,
  latency: null,
  download: null,
  upload: null,
  speedAt: null,
  lastSeen: null,
  envelope: null,
  p2prc: null,
  ...given,
})
