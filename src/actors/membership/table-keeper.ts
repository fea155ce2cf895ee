import { type Observable, Subject } from 'rxjs'
import { parseAddress } from '../../domain/address.ts'
import { type Change, EMPTY_TABLE, type IpTable, type Outcome, shownRows } from '../../domain/ip-table.ts'
import { STORE_PERIOD } from '../../domain/timings.ts'
import type { News } from '../../feed/news.ts'
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

/** Pings alone change figures, not the network. They reach the file this much later at the latest: flash cards wear. */
const CALM_PERIOD = 60_000
/** Until a write that failed is tried again: a full disk is made good within a minute of its having room. */
const RETRY_PERIOD = 20_000

/** `publish` is told once when the file can't be written, and not again before it could. */
export function createTableKeeper({
  clock,
  store,
  publish = () => {},
}: {
  readonly clock: Clock
  readonly store: Pick<Store, 'write'>
  readonly publish?: (news: News) => void
}): TableKeeper {
  let table = EMPTY_TABLE
  let timer: { readonly id: unknown; readonly dueMs: number } | null = null
  let writing: Promise<void> = Promise.resolve()
  let closed = false
  let failing = false
  const changes = new Subject<Change>()
  const stored = (): StoredTable => ({ rows: shownRows(table).map(storedRow) })
  const writeNow = async (): Promise<void> => {
    const failure = await store.write(stored())
    if (failure && !failing) publish({ type: 'warned', text: failure.text, fix: failure.fix })
    failing = failure !== null
    if (failing) writeWithin(RETRY_PERIOD)
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
        const wait = writeWait(change)
        if (wait !== null) writeWithin(wait)
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

/** How long a change may wait for the file; null: it is not in the file. */
function writeWait({ type }: Change): number | null {
  if (type === 'heard' || type === 'dropped') return null
  // A suspect stays in the file as it is.
  return type === 'measured' || type === 'suspected' || type === 'cleared' ? CALM_PERIOD : STORE_PERIOD
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
