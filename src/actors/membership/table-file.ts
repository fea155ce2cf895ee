// The table's file: read at start, and kept after the table from then on.

import type { AddressPolicy } from '../../domain/address.ts'
import { parseAddress } from '../../domain/address.ts'
import { keptRows, type Row, restoreRows } from '../../domain/ip-table.ts'
import { STORE_PERIOD, STORE_PERIOD_CALM } from '../../domain/timings.ts'
import type { News } from '../../feed/news.ts'
import type { StoredRow, StoredTable } from '../../p2prc/table-file.ts'
import type { Ports } from '../../ports.ts'
import type { OwnRecord } from './own-record.ts'
import { restoredRows } from './restore.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface TableFile {
  /** Reads the file. */
  read(): Promise<void>
  /** Puts what was read into the table, and keeps the file after the table from now on. */
  restore(): void
  /** The table as its file has it. */
  stored(): StoredTable
  /** Writes what is not on disk yet and ends. */
  close(): Promise<void>
}

interface TableFileNeeds extends Pick<Ports, 'clock' | 'store' | 'identity'> {
  readonly keeper: TableKeeper
  readonly own: OwnRecord
  readonly policy: AddressPolicy
  readonly publish: (news: News) => void
}

export function createTableFile({ clock, store, identity, keeper, own, policy, publish }: TableFileNeeds): TableFile {
  let read: StoredTable = { rows: [] }
  let timer: { readonly id: unknown; readonly dueMs: number } | null = null
  let writing: Promise<void> = Promise.resolve()
  let closed = false

  const stored = (): StoredTable => ({ rows: keptRows(keeper.current()).map(storedRow) })
  const write = (): Promise<void> => {
    writing = writing.then(() => store.write(stored()))
    return writing
  }
  const writeWithin = (ms: number): void => {
    const dueMs = clock.now() + ms
    if (closed || (timer && timer.dueMs <= dueMs)) return
    if (timer) clock.clearTimeout(timer.id)
    timer = {
      dueMs,
      id: clock.setTimeout(() => {
        timer = null
        void write()
      }, ms),
    }
  }

  return {
    read: async () => {
      const { table, note } = await store.read()
      read = table
      if (note !== null)
        publish({
          type: 'warned',
          text: note,
          fix: 'Look at that file if something is missing from the table; the node goes on without it.',
        })
    },
    restore: () => {
      keeper.changes$.subscribe(({ type }) => {
        // Pings alone change figures, not the network, and flash memory wears.
        if (type === 'measured') writeWithin(STORE_PERIOD_CALM)
        else if (type !== 'heard') writeWithin(STORE_PERIOD)
      })
      keeper.apply((table) => restoreRows(table, restoredRows(read, identity, own.id, policy)))
    },
    stored,
    close: async () => {
      closed = true
      if (timer) clock.clearTimeout(timer.id)
      await write()
    },
  }
}

/** A name that a person wrote stays as it was written; what was not proven in this run stays as the file had it. */
function storedRow({ record, written, stored, latency, downMbps, upMbps, lastProofMs }: Row): StoredRow {
  const { host, port } = parseAddress(written ?? record.address) ?? { host: record.address, port: 0 }
  return {
    id: record.id,
    name: record.name,
    host,
    port,
    latency: latency.rttMs ?? stored?.latencyMs ?? null,
    download: downMbps ?? stored?.downMbps ?? null,
    upload: upMbps ?? stored?.upMbps ?? null,
    lastSeen: lastProofMs === null ? (stored?.lastSeen ?? null) : new Date(lastProofMs).toISOString(),
    envelope: record.envelope,
    p2prc: record.p2prc,
  }
}
