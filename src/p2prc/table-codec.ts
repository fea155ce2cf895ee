// The table's file: the seed's keys first, ours and P2PRC's behind them, so that a person can read and edit it.
//
//   { "ip_address": [ { "ipv4": HOST, "latency": MS|null, "download": MBIT|null, "upload": MBIT|null, "port no": "8088",
//                       "name": TEXT, "id": ID|null, "last seen": ISO|null, "envelope": TEXT?, … P2PRC's own keys … } ] }
//
// Read as well: every spelling P2PRC has used (`IPV4`, `ServerPort`, `NAT` as text …), numbers written as text, `null`.
// P2PRC's latency is in nanoseconds and ours in milliseconds. `Latency` is P2PRC's. `latency` is ours, but for P2PRC 1.x,
// which spelled it so too: a row without `port no` whose latency is a whole number of 10 µs or more counts as its.
import { canonicalHost } from '../domain/address.ts'
import { FILE_LIMITS, type Fields, measured, numberIn, portTextIn, rowsIn, textIn } from './lenient.ts'
import type { P2prcFields, StoredRow, StoredTable } from './table-file.ts'
import { NO_P2PRC_FIELDS, NS_PER_MS, p2prcFields } from './wire-table.ts'

export type ParsedFile =
  /** `skipped` counts rows that name no usable host and port. */
  { readonly type: 'table'; readonly table: StoredTable; readonly skipped: number } | { readonly type: 'unreadable' }

/** Never throws. */
export function parseTableFile(text: string): ParsedFile {
  // Some editors put a byte order mark in front.
  const found = rowsIn(text.replace(/^\uFEFF/, ''), FILE_LIMITS)
  if (!found) return { type: 'unreadable' }
  const rows = found.rows.map(storedRow).filter((row) => row !== null)
  return { type: 'table', table: { rows }, skipped: found.leftOut + found.rows.length - rows.length }
}

function storedRow(fields: Fields): StoredRow | null {
  const isOurs = fields.get('port no') !== undefined
  const [v4, v6] = [canonicalHost(textIn(fields, 'ipv4').trim()), canonicalHost(textIn(fields, 'ipv6').trim())]
  // P2PRC asks a record with an IPv6 address there, whatever its IPv4 says.
  const host = isOurs ? (v4 ?? v6) : (v6 ?? v4)
  const port = portOf(portTextIn(fields, isOurs ? 'port no' : 'serverport'))
  if (host === null || port === null) return null
  const p2prc = p2prcFields(fields)
  return {
    id: textIn(fields, 'id') || null,
    name: textIn(fields, 'name'),
    host,
    port,
    latency: latencyMs(fields, isOurs),
    download: measured(numberIn(fields, 'download')),
    upload: measured(numberIn(fields, 'upload')),
    lastSeen: textIn(fields, 'last seen') || null,
    envelope: textIn(fields, 'envelope') || null,
    p2prc: isBlank(p2prc) ? null : p2prc,
  }
}

function portOf(text: string): number | null {
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0
  return port >= 1 && port <= 65_535 ? port : null
}

const LEAST_NS = 10_000

function latencyMs(fields: Fields, isOurs: boolean): number | null {
  const value = measured(numberIn(fields, 'latency'))
  if (value === null) return null
  const inNs = fields.spells('latency') ? !isOurs && Number.isInteger(value) && value >= LEAST_NS : fields.spells('Latency')
  return inNs ? value / NS_PER_MS : value
}

const BLANK = JSON.stringify(NO_P2PRC_FIELDS)
const isBlank = (p2prc: P2prcFields): boolean => JSON.stringify(p2prc) === BLANK

/** The file's object. */
export function tableFileObject({ rows }: StoredTable): { readonly ip_address: readonly Readonly<Record<string, unknown>>[] } {
  return {
    ip_address: rows.map(({ host, latency, download, upload, port, name, id, lastSeen, envelope, p2prc }) => ({
      ipv4: host,
      latency,
      download,
      upload,
      'port no': String(port),
      name,
      id,
      'last seen': lastSeen,
      ...(envelope === null ? {} : { envelope }),
      ...(p2prc === null
        ? {}
        : {
            MachineUsername: p2prc.machineUsername,
            IPV6: p2prc.ipv6,
            UDPServerPort: p2prc.udpServerPort,
            BareMetalSSHPort: p2prc.bareMetalSshPort,
            NAT: p2prc.nat,
            EscapeImplementation: p2prc.escapeImplementation,
            ProxyServer: p2prc.proxyServer,
            UnSafeMode: p2prc.unsafeMode,
            PublicKey: p2prc.publicKey,
            CustomInformation: p2prc.customInformation,
          }),
    })),
  }
}

export const formatTableFile = (table: StoredTable): string => `${JSON.stringify(tableFileObject(table), null, 2)}\n`
