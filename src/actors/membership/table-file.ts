// The table's file: read at start, and kept after the table from then on.
import type { AddressPolicy } from '../../domain/address.ts'
import { type Change, isKept, keptRows, type Row, restoreRows } from '../../domain/ip-table.ts'
import { STORE_PERIOD, STORE_PERIOD_CALM, STORE_RETRY } from '../../domain/timings.ts'
import type { News } from '../../feed/news.ts'
import type { StoredPlace } from '../../p2prc/table-changes.ts'
import type { StoredRow, StoredTable, TableToWrite } from '../../p2prc/table-file.ts'
import type { Ports, StoreFailure } from '../../ports.ts'
import type { Health } from '../health.ts'
import type { OwnRecord } from './own-record.ts'
import { restoredRows, rowsOutside } from './restore.ts'
import { outsideFinding, placeOf, storedRow } from './stored-row.ts'
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
  /** Read, and not in the table yet. */
  let found: readonly StoredRow[] = []
  let restoredCount = 0
  let restoring: unknown = null
  let outside: readonly StoredRow[] = []
  let timer: { readonly id: unknown; readonly dueMs: number } | null = null
  let writing: Promise<void> = Promise.resolve()
  let closed = false
  let failing = false
  let restored = false
  /** Rows that changed since the file was written; of one that is gone, who it was. */
  const dirty = new Map<string, StoredPlace | null>()
  /** Changes that are kept beside the file. */
  let journaled = 0
  /** The whole is to be written, whatever its size. */
  let needsWhole = false

  const keptNow = (): readonly Row[] => keptRows(keeper.current())
  const unrestored = (): readonly StoredRow[] => found.slice(restoredCount)
  const stored = (): StoredTable => ({ rows: [...keptNow().map(storedRow), ...unrestored(), ...outside] })
  /** The same of the table as it is now, whose rows are values: each is made when it is written. */
  const storedOneByOne = (): TableToWrite => {
    const [kept, others] = [keptNow(), [...unrestored(), ...outside]]
    return {
      rows: {
        length: kept.length + others.length,
        *[Symbol.iterator](): Generator<StoredRow> {
          for (const row of kept) yield storedRow(row)
          yield* others
        },
      },
    }
  }
  /** Puts a slice of what was read into the table, and the others in later ones: a signature costs a fifth of a millisecond. */
  const restoreSlice = (): void => {
    restoring = null
    const untilMs = clock.now() + RESTORE_SLICE
    while (restoredCount < found.length && clock.now() <= untilMs) {
      const some = found.slice(restoredCount, restoredCount + RESTORED_AT_ONCE)
      restoredCount += some.length
      outside = outside.concat(rowsOutside(some, own.id, policy))
      keeper.apply((table) => restoreRows(table, restoredRows(some, identity, own.id, policy)))
    }
    if (outside.length > 0) health.set('outside', outsideFinding(outside, policy))
    if (restoredCount < found.length) restoring = clock.setTimeout(restoreSlice, RESTORE_PAUSE)
    else {
      found = []
      restoredCount = 0
    }
  }
  const isLarge = (): boolean => keeper.current().rows.size + found.length - restoredCount > MOST_REWRITTEN
  const append = async (): Promise<StoreFailure | 'whole' | null> => {
    const keys = [...dirty.keys()]
    for (let at = 0; at < keys.length; at += APPENDED_AT_ONCE) {
      const answer = await appendSome(keys.slice(at, at + APPENDED_AT_ONCE))
      if (answer !== null) return answer
    }
    return null
  }
  const appendSome = async (keys: readonly string[]): Promise<StoreFailure | 'whole' | null> => {
    const { rows } = keeper.current()
    const changed = keys.flatMap((key) => {
      const [row, gone] = [rows.get(key), dirty.get(key) ?? null]
      dirty.delete(key)
      return row !== undefined && isKept(row) ? { row: storedRow(row) } : gone === null ? [] : { gone }
    })
    journaled += changed.length
    if (changed.length === 0) return null
    return store.append({
      rows: changed.flatMap((one) => ('row' in one ? one.row : [])),
      gone: changed.flatMap((one) => ('gone' in one ? one.gone : [])),
    })
  }
  const writeWhole = async (): Promise<StoreFailure | null> => {
    dirty.clear()
    journaled = 0
    return store.write(isLarge() ? storedOneByOne() : stored())
  }
  const writeNow = async (): Promise<void> => {
    const isKeptBeside = isLarge() && !needsWhole && journaled + dirty.size < Math.max(MOST_REWRITTEN, keeper.current().rows.size / 2)
    const appended = isKeptBeside ? await append() : 'whole'
    const failure = appended === 'whole' ? await writeWhole() : appended
    // What could not be kept is in no list any more.
    needsWhole = failure !== null
    health.set('table', failure === null ? null : { level: 'error', text: failure.text, fix: failure.fix })
    if (failure === null) failing = false
    else {
      if (!failing) publish({ type: 'warned', text: failure.text, fix: failure.fix })
      failing = true
      writeWithin(STORE_RETRY)
    }
  }
  /** Notes what a change means for the file. */
  const note = ({ type, row }: Change): void => {
    // As the file has it.
    if (!isKept(row) || (type === 'heard' && row.stored !== null && row.written === null)) return
    const { id, host, port } = storedRow(row)
    dirty.set(row.key, type === 'removed' || type === 'dropped' ? { id, host, port } : null)
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
      found = table.rows
      for (const { text, fix } of notes) publish({ type: 'warned', text, fix })
    },
    restore: () => {
      restored = true
      keeper.changes$.subscribe((change) => {
        const { type } = change
        note(change)
        if ('formerKey' in change && change.formerKey !== undefined) dirty.set(change.formerKey, placeOf(change.formerKey))
        // Pings alone change figures, not the network, and flash memory wears. Suspicion is not in the file.
        if (type === 'measured' || type === 'suspected' || type === 'cleared') writeWithin(STORE_PERIOD_CALM)
        else if (type !== 'heard') writeWithin(STORE_PERIOD)
      })
      restoreSlice()
    },
    stored,
    close: async () => {
      closed = true
      if (timer) clock.clearTimeout(timer.id)
      clock.clearTimeout(restoring)
      await writing
      if (isLarge() && !needsWhole && dirty.size + journaled === 0) return // the file has all of it
      // A node that never got so far has nothing to say of the file.
      if (restored && isLarge()) await write()
      needsWhole = true
      await (restored ? write() : writing)
    },
  }
}

/** Of the time, so much goes into checking what the file says before others have a turn, and then it waits for so long. */
const RESTORE_SLICE = 4
const RESTORE_PAUSE = 16
const RESTORED_AT_ONCE = 8
/** Some 5 ms. */
const APPENDED_AT_ONCE = 1_024
/**
 * A table of so many rows is written whole whenever it changes. Of a larger one
 * only what changed is, and the whole once that is half of it.
 */
const MOST_REWRITTEN = 2_000
