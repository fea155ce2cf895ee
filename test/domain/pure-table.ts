// The table's steps as functions from one table to the next: each works on a copy, so that a test can keep the table before it.
import * as steps from '../../src/domain/ip-table.ts'
import { type Change, KeptTable } from '../../src/domain/ip-table.ts'

export type IpTable = KeptTable

export interface Outcome {
  readonly table: IpTable
  readonly changes: readonly Change[]
}

export const EMPTY_TABLE: IpTable = new KeptTable()

/** Where nothing has changed the table is the same. */
const pure =
  <Words extends readonly unknown[]>(step: (table: KeptTable, ...words: Words) => readonly Change[]) =>
  (table: IpTable, ...words: Words): Outcome => {
    const after = table.copy()
    const changes = step(after, ...words)
    const isSame = after.revision === table.revision && after.removed === table.removed && [...after.mine].join() === [...table.mine].join()
    return { table: isSame ? table : after, changes }
  }

export const absorb = pure(steps.absorb)
export const keepAway = pure(steps.keepAway)
export const lapseUnproven = pure(steps.lapseUnproven)
export const letIn = pure(steps.letIn)
export const merge = pure(steps.merge)
export const proveOwn = pure(steps.proveOwn)
export const putOwn = pure(steps.putOwn)
export const recordBurst = pure(steps.recordBurst)
export const recordMine = pure(steps.recordMine)
export const recordOwnBurst = pure(steps.recordOwnBurst)
export const recordSpeed = pure(steps.recordSpeed)
export const recordVouched = pure(steps.recordVouched)
export const removeRow = pure(steps.removeRow)
export const restoreRows = pure(steps.restoreRows)
export const turnTo = pure(steps.turnTo)

/** What it holds, without what is only kept to find it sooner. */
export const factsOf = ({ rows, holders, gone, mine, removed, version }: IpTable) => ({ rows, holders, gone, mine, removed, version })
