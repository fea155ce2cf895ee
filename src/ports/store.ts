// What outlives a run.
import type { ServiceSpec } from '../answers.ts'
import type { TableChanges } from '../p2prc/table-changes.ts'
import type { StoredTable, TableToWrite } from '../p2prc/table-file.ts'

/** The IP table on disk, and what a person told the running node. */
export interface Store {
  /** The rows at start. `notes`: what a person should be told of the file then; `notes()` has it as it is later. */
  read(): Promise<{ readonly table: StoredTable; readonly notes: readonly StoreNote[] }>
  /**
   * Replaces the rows; what a person wrote beside them stays. Atomic; settles once it is on disk, or with why it is not: the file
   * is then as it was, and the caller tries again. The caller coalesces.
   */
  write(table: TableToWrite): Promise<StoreFailure | null>
  /**
   * Keeps what has changed since the last write, beside the file; settles once it is on disk, or with why it is not. `whole`: it
   * can't be kept so, since the file is not as this node left it, and all of it is to be written.
   */
  append(changes: TableChanges): Promise<StoreFailure | 'whole' | null>
  /**
   * What was told to the node in earlier runs; empty lists where nothing was. What can't be read is told in `notes` and left out:
   * an entry stays where it is, and a file that is no JSON object is set aside.
   */
  readOperatorChanges(): Promise<{ readonly operatorChanges: OperatorChanges; readonly notes: readonly StoreNote[] }>
  /** Replaces all of it. Atomic; settles once it is on disk, or with why it is not: the lists before stand then. */
  writeOperatorChanges(operatorChanges: OperatorChanges): Promise<StoreFailure | null>
  /** What this node's TURN keeps for its clients, as of the last run; none where that can't be read. */
  readLeases(): Promise<readonly StoredLease[]>
  /** Replaces all of it. Atomic; settles once it is on disk, or with why it is not. */
  writeLeases(leases: readonly StoredLease[]): Promise<StoreFailure | null>
  /**
   * What automatic speed tests have used by the hour, as of the last run. `damaged`: that can't be read, and the file was set aside,
   * as `notes()` says.
   */
  readSpeedSpending(): Promise<readonly StoredSpending[] | 'damaged'>
  /** Replaces all of it. Atomic; settles once it is on disk, or with why it is not. */
  writeSpeedSpending(spending: readonly StoredSpending[]): Promise<StoreFailure | null>
  /** The text of this node's own history as it was written last; empty where there is none. */
  readHistory(): Promise<string>
  /** Replaces it. Atomic; settles once it is on disk, or with why it is not. */
  writeHistory(text: string): Promise<StoreFailure | null>
  /**
   * What a person should know of the node's files as they are now, for health: that a damaged one was set aside, which rows of the
   * table can't be used and in which line each stands, that the log can't be written. What a write answers is not in it.
   */
  notes(): readonly StoreNote[]
}

/** What `add`, `expose` and `remove` told a running node, so that it outlives a restart. What the configuration says is not in it. */
export interface OperatorChanges {
  /** Addresses to start from, canonical `host:port`. */
  readonly seeds: readonly string[]
  /** Each has a name of its own. */
  readonly services: readonly ServiceSpec[]
  /** Peers that are to stay away: the row's key (its id, else its address) and the address it had. */
  readonly removed: readonly { readonly key: string; readonly address: string }[]
  /** Pinned TURNs, the best first: the row's key, or that of a stock frps. */
  readonly pins: readonly string[]
}

export const NO_OPERATOR_CHANGES: OperatorChanges = { seeds: [], services: [], removed: [], pins: [] }

/** A port, name, domain or run id that a TURN keeps for a client of it. */
export interface StoredLease {
  readonly kind: 'tcp' | 'udp' | 'name' | 'domain' | 'run id'
  readonly what: string
  /** `member ID`, or `token` for the owner's own stock clients. */
  readonly owner: string
  /** Of a port, the proxy that had it; else empty. */
  readonly proxy: string
  /** Wall time since when its owner is away. */
  readonly awaySinceMs: number
}

/** Bytes that speed tests used within one hour, which is counted from 1970 in wall time. */
export interface StoredSpending {
  readonly hour: number
  readonly bytes: number
}

/** Something about the files that a person should know: a clause, and a sentence about what to do. As health says it. */
export interface StoreNote {
  readonly text: string
  readonly fix: string
}

/** Why something is not on disk. */
export interface StoreFailure extends StoreNote {
  readonly type: 'failed'
}
