// Rows of the table as its file has them.
import type { HealthAnswer } from '../../answers.ts'
import { type AddressPolicy, formatAddress, parseAddress } from '../../domain/address.ts'
import type { Row } from '../../domain/ip-table.ts'
import type { StoredPlace } from '../../p2prc/table-changes.ts'
import type { StoredRow } from '../../p2prc/table-file.ts'

const isoOf = (wallMs: number | null): string | null => (wallMs === null ? null : new Date(wallMs).toISOString())

/** A name that a person wrote stays as it was written; what was not proven in this run stays as the file had it. */
export function storedRow({ record, written, stored, latency, downMbps, upMbps, speedAtMs, lastProofMs }: Row): StoredRow {
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

/** Of a row that is known by its address alone. */
export const placeOf = (address: string): StoredPlace => ({ id: null, ...(parseAddress(address) ?? { host: address, port: 0 }) })

const MAX_NAMED = 3

/** What a person is told of rows that this node may not ask. */
export function outsideFinding(rows: readonly StoredRow[], policy: AddressPolicy): HealthAnswer {
  const named = rows.slice(0, MAX_NAMED).map((row) => formatAddress(row))
  const more = rows.length > MAX_NAMED ? ` and ${rows.length - MAX_NAMED} more` : ''
  return {
    level: 'info',
    text: `the table has rows that are not asked with --addresses ${policy}: ${named.join(', ')}${more}`,
    fix: 'Start the node with --addresses lan for private addresses too, any for loopback too, or take the rows out of the file.',
  }
}
