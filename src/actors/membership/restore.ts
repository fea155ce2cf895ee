import { addressOf } from '../../domain/address.ts'
import type { PeerRecord } from '../../domain/record.ts'
import type { StoredTable } from '../../p2prc/table-file.ts'
import { open, recordOf, type Verifier } from '../../v2/envelope.ts'

/** The rows of the file as records to be proven again. A row with a genuine envelope is its owner's word; any other is an address to look at. */
export function restore(table: StoredTable, verifier: Verifier, self: string): readonly PeerRecord[] {
  return table.rows.flatMap((row): readonly PeerRecord[] => {
    const address = addressOf(row.host, row.port)
    if (address === null || row.id === self) return []
    const word = row.envelope === null ? null : open(row.envelope, verifier)
    const signed = word && row.envelope !== null && word.id !== self ? recordOf(word, row.envelope, address) : null
    // A person who edits an address means it: the row is then looked at as a stranger's.
    if (signed && signed.address === address) return [signed]
    const { name, p2prc } = row
    return [{ id: null, name, address, seq: 0, via: null, offersTurn: true, left: false, envelope: null, p2prc }]
  })
}
