import { type Observable, Subject } from 'rxjs'
import { parseAddress } from '../../domain/address.ts'
import { type Change, EMPTY_TABLE, type IpTable, type Outcome, shownRows } from '../../domain/ip-table.ts'
import { STORE_PERIOD } from '../../domain/timings.ts'
import type { StoredRow, StoredTable } from '../../p2prc/table-file.ts'
import type { Clock, Store } from '../../ports.ts'

/** Holds the table, tells what changes in it, and keeps the file after it. */
export interface TableKeeper {
  current(): IpTable
  /** Takes a pure step; its changes go out in their order before this returns. */
  apply(step: (table: IpTable, wallMs: number) => Outcome): readonly Change[]
  readonly changes$: Observable<Change>
  /** The table as its file has it. */
  stored(): StoredTable
  /** Writes what is not on disk yet and ends. */
  close(): Promise<void>
}

/** Pings alone change figures, not the network: they reach the file this many periods later at the latest. */
const CALM_PERIODS = 5

export function createTableKeeper({ clock, store }: { clock: Clock; store: Store }): TableKeeper {
  let table = EMPTY_TABLE
  let timer: { readonly id: unknown; readonly dueMs: number } | null = null
  let writing: Promise<void> = Promise.resolve()
  let closed = false
  const changes = new Subject<Change>()
  const stored = (): StoredTable => ({ rows: shownRows(table).map(storedRow) })
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
    current: () => table,
    apply: (step) => {
      const outcome = step(table, clock.wallMs())
      table = outcome.table
      for (const change of outcome.changes) {
        if (change.type === 'measured') writeWithin(STORE_PERIOD * CALM_PERIODS)
        else if (change.type !== 'heard' && change.type !== 'dropped') writeWithin(STORE_PERIOD)
        changes.next(change)
      }
      return outcome.changes
    },
    changes$: changes.asObservable(),
    stored,
    close: async () => {
      closed = true
      if (timer) clock.clearTimeout(timer.id)
      await write()
    },
  }
}

function storedRow(row: ReturnType<typeof shownRows>[number]): StoredRow {
  const { record, latency, downMbps, upMbps, lastProofMs } = row
  const { host, port } = parseAddress(record.address) ?? { host: record.address, port: 0 }
  return {
    id: record.id,
    name: record.name,
    host,
    port,
    latency: latency.rttMs,
    download: downMbps,
    upload: upMbps,
    lastSeen: lastProofMs === null ? null : new Date(lastProofMs).toISOString(),
    envelope: record.envelope,
    p2prc: record.p2prc,
  }
}
