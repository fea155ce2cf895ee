// The table's file: read at start, and kept after the table from then on.
import type { HealthAnswer } from '../../answers.ts'
import { type AddressPolicy, formatAddress, parseAddress } from '../../domain/address.ts'
import { keptRows, type Row, restoreRows } from '../../domain/ip-table.ts'
import { STORE_PERIOD, STORE_PERIOD_CALM, STORE_RETRY } from '../../domain/timings.ts'
import type { News } from '../../feed/news.ts'
import type { StoredRow, StoredTable } from '../../p2prc/table-file.ts'
import type { Ports } from '../../ports.ts'
import type { Health } from '../health.ts'
import type { OwnRecord } from './own-record.ts'
import { restoredRows, rowsOutside } from './restore.ts'
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
  readonly health: Pick<Health, 'set'>
  readonly publish: (news: News) => void
  readonly onBug: (error: unknown) => void
}

export function createTableFile({ clock, store, identity, keeper, own, policy, health, publish, onBug }: TableFileNeeds): TableFile {
  let read: StoredTable = { rows: [] }
  let outside: readonly StoredRow[] = []
  let timer: { readonly id: unknown; readonly dueMs: number } | null = null
  let writing: Promise<void> = Promise.resolve()
  let closed = false
  let failing = false
  let restored = false

  const stored = (): StoredTable => ({ rows: [...keptRows(keeper.current()).map(storedRow), ...outside] })
  const writeNow = async (): Promise<void> => {
    const failure = await store.write(stored())
    health.set('table', failure === null ? null : { level: 'error', text: failure.text, fix: failure.fix })
    if (failure === null) failing = false
    else {
      if (!failing) publish({ type: 'warned', text: failure.text, fix: failure.fix })
      failing = true
      writeWithin(STORE_RETRY)
    }
  }
  const write = (): Promise<void> => {
    writing = writing.then(writeNow)
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
        write().catch(onBug)
      }, ms),
    }
  }

  return {
    read: async () => {
      const { table, notes } = await store.read()
      read = table
      outside = rowsOutside(table, own.id, policy)
      if (outside.length > 0) health.set('outside', outsideFinding(outside, policy))
      for (const { text, fix } of notes) publish({ type: 'warned', text, fix })
    },
    restore: () => {
      restored = true
      keeper.changes$.subscribe(({ type }) => {
        // Pings alone change figures, not the network, and flash memory wears. Suspicion is not in the file.
        if (type === 'measured' || type === 'suspected' || type === 'cleared') writeWithin(STORE_PERIOD_CALM)
        else if (type !== 'heard') writeWithin(STORE_PERIOD)
      })
      keeper.apply((table) => restoreRows(table, restoredRows(read, identity, own.id, policy)))
    },
    stored,
    close: async () => {
      closed = true
      if (timer) clock.clearTimeout(timer.id)
      // A node that never got so far has nothing to say of the file.
      await (restored ? write() : writing)
    },
  }
}

const MAX_NAMED = 3

function outsideFinding(rows: readonly StoredRow[], policy: AddressPolicy): HealthAnswer {
  const named = rows.slice(0, MAX_NAMED).map((row) => formatAddress(row))
  const more = rows.length > MAX_NAMED ? ` and ${rows.length - MAX_NAMED} more` : ''
  return {
    level: 'info',
    text: `the table has rows that are not asked with --addresses ${policy}: ${named.join(', ')}${more}`,
    fix: 'Start the node with --addresses lan for private addresses too, any for loopback too, or take the rows out of the file.',
  }
}

const isoOf = (wallMs: number | null): string | null => (wallMs === null ? null : new Date(wallMs).toISOString())

/** A name that a person wrote stays as it was written; what was not proven in this run stays as the file had it. */
function storedRow({ record, written, stored, latency, downMbps, upMbps, speedAtMs, lastProofMs }: Row): StoredRow {
  const { host, port } = parseAddress(written ?? record.address) ?? { host: record.address, port: 0 }
  return {
    id: record.id,
    name: record.name,
    host,
    port,
    latency: latency.rttMs ?? stored?.latencyMs ?? null,
    download: downMbps ?? stored?.downMbps ?? null,
    upload: upMbps ?? stored?.upMbps ?? null,
    speedAt: isoOf(downMbps === null ? (stored?.speedAtMs ?? null) : speedAtMs),
    lastSeen: isoOf(lastProofMs) ?? stored?.lastSeen ?? null,
    envelope: record.envelope,
    p2prc: record.p2prc,
  }
}
