// The file's rows at start: addresses to be proven again, and what the file said of them until then.
import { type AddressPolicy, addressOf, isAllowed, isLiteral } from '../../domain/address.ts'
import { NOT_MEASURED, type StoredFigures } from '../../domain/ip-table.ts'
import { type PeerRecord, unsignedRecord } from '../../domain/record.ts'
import type { StoredRow } from '../../p2prc/table-file.ts'
import { open, recordOf, type Verifier } from '../../v2/envelope.ts'

export interface RestoredRow {
  readonly record: PeerRecord
  readonly stored: StoredFigures
  readonly written: string | null
}

/**
 * A row with a genuine envelope is its owner's word; any other is an address to look at. A host name stands where a person wrote
 * one, whatever the row's owner said of its address. Rows outside `policy` are left out here (`rowsOutside`).
 */
export const restoredRows = (rows: readonly StoredRow[], verifier: Verifier, self: string, policy: AddressPolicy): readonly RestoredRow[] =>
  rows.flatMap((row): readonly RestoredRow[] => {
    const address = addressOf(row.host, row.port)
    if (address === null || row.id === self || !isAllowed(address, policy, 'named')) return []
    const { latency: latencyMs, download: downMbps, upload: upMbps, lastSeen } = row
    const stored = { ...NOT_MEASURED, latencyMs, downMbps, upMbps, speedAtMs: timeIn(row.speedAt), lastSeen }
    const written = isLiteral(row.host) ? null : address
    return [{ record: signedRecord(row, address, verifier, self) ?? unsignedRecord(address, row.name, row.p2prc), stored, written }]
  })

/** Rows that this node may not ask: they stay in the file for the day it may. */
export const rowsOutside = (rows: readonly StoredRow[], self: string, policy: AddressPolicy): readonly StoredRow[] =>
  rows.filter(({ id, host, port }) => {
    const address = addressOf(host, port)
    return address !== null && id !== self && !isAllowed(address, policy, 'named')
  })

function timeIn(text: string | null): number | null {
  const ms = Date.parse(text ?? '')
  return Number.isNaN(ms) ? null : ms
}

/** Null where nobody signs, or a person edited the address: who means it so has the row looked at as a stranger's. */
function signedRecord({ envelope }: StoredRow, address: string, verifier: Verifier, self: string): PeerRecord | null {
  const word = envelope === null ? null : open(envelope, verifier)
  const signed = word && envelope !== null && word.id !== self ? recordOf(word, envelope, address) : null
  return signed?.address === address ? signed : null
}
