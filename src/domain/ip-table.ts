// The IP table: one row per server. The rules are functions of a row and an event (`table/row-rules.ts`); the steps here take a table, change
// the rows they are about in place, and answer what has changed.
export { type IpTable, KeptTable } from './table/kept-table.ts'
export { merge } from './table/merge.ts'
export { proveOwn, putOwn, recordOwnBurst } from './table/own-row.ts'
export { FIRST_PAGE, finderOf, type Page, type PageAsk, SORTS } from './table/page.ts'
export { recordBurst, recordLooks, recordMet, recordSpeed, recordSustained, recordVouched, recordWithheld, turnTo } from './table/proof.ts'
export { byRank } from './table/ranked-rows.ts'
export { absorb, keepAway, lapseUnproven, letIn, recordMine, removeRow } from './table/removal.ts'
export { type Change, type Gone, type Heard, isListed, isProven, NOT_MEASURED, type Row, type StoredFigures } from './table/row.ts'
export { isAskedAbout, type Surroundings } from './table/row-rules.ts'
export { isKept, keptRows, offlineRows, restoreRows, shownRows } from './table/stored-rows.ts'
