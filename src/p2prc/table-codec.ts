// The table's file: the seed's keys first, ours and P2PRC's behind them, so that a person can read and edit it.
//
//   { "ip_address": [ { "ipv4": HOST, "latency": MS|null, "download": MBIT|null, "upload": MBIT|null, "port no": "8088",
//                       "name": TEXT, "id": ID|null, "speed at": ISO?, "last seen": ISO|null, "envelope": TEXT?, … P2PRC's own keys …,
//                       … a person's own keys … } ],
//     "absent": [ { "ipv4": HOST, "port no": "8088", "name": TEXT, "id": ID|null, … a person's own keys … } ]?,
//     … a person's own keys … }
//
// `absent` keeps what a person wrote about servers that are not in the table now, for the day they are back. They are not asked.
//
// Read as well: every spelling P2PRC has used (`IPV4`, `ServerPort`, `NAT` as text …), numbers written as text, `null`.
// P2PRC's latency is in nanoseconds and ours in milliseconds. `Latency` is P2PRC's. `latency` is ours, but for P2PRC 1.x,
// which spelled it so too: a row without `port no` whose latency is a whole number of 10 µs or more counts as its.
import { canonicalHost } from '../domain/address.ts'
import { type ByHand, fieldsByRow, NOTHING_BY_HAND, type OwnFields, type StrangeRow } from './by-hand.ts'
import { FILE_LIMITS, type Fields, fieldsOf, isObject, listIn, measured, numberIn, portTextIn, textIn } from './lenient.ts'
import type { P2prcFields, StoredRow, StoredTable } from './table-file.ts'
import { NO_P2PRC_FIELDS, NS_PER_MS, p2prcFields } from './wire-table.ts'

export type ParsedFile =
  | {
      readonly type: 'table'
      readonly table: StoredTable
      /** The rows of `table` as they stand in the file. */
      readonly raws: readonly unknown[]
      readonly byHand: ByHand
      /** Where each strange row stands among all rows, from 0. */
      readonly strangeAt: readonly number[]
    }
  | { readonly type: 'unreadable' }

/** Never throws. */
export function parseTableFile(text: string): ParsedFile {
  // Some editors put a byte order mark in front.
  const found = listIn(text.replace(/^\uFEFF/, ''), FILE_LIMITS)
  if (!found) return { type: 'unreadable' }
  const rows: StoredRow[] = []
  const raws: unknown[] = []
  const fields: OwnFields[] = []
  const strange: StrangeRow[] = []
  const strangeAt: number[] = []
  for (const [i, raw] of found.list.entries()) {
    const read = i < FILE_LIMITS.maxRows ? readRow(raw) : `${nameOf(raw)} is beyond the ${FILE_LIMITS.maxRows} rows that are read`
    if (typeof read === 'string') {
      strange.push({ raw, why: read })
      strangeAt.push(i)
      continue
    }
    rows.push(read)
    raws.push(raw)
    fields.push(...ownFields(read, raw))
  }
  const { [ABSENT]: absent, ...others } = found.others
  for (const raw of Array.isArray(absent) ? absent : []) {
    const read = readRow(raw)
    if (typeof read !== 'string') fields.push(...ownFields(read, raw))
  }
  const byHand = { fields, strange, waiting: [], others: Array.isArray(absent) ? others : found.others }
  return { type: 'table', table: { rows }, raws, byHand, strangeAt }
}

const ABSENT = 'absent'

/** The row, or a clause about why it can't be used. */
function readRow(raw: unknown): StoredRow | string {
  if (!isObject(raw)) return `${nameOf(raw)} is no row`
  const fields = fieldsOf(raw)
  const isOurs = fields.get('port no') !== undefined
  const [v4, v6] = [canonicalHost(textIn(fields, 'ipv4').trim()), canonicalHost(textIn(fields, 'ipv6').trim())]
  // P2PRC asks a record with an IPv6 address there, whatever its IPv4 says.
  const host = isOurs ? (v4 ?? v6) : (v6 ?? v4)
  const portKey = isOurs ? 'port no' : 'serverport'
  const port = portOf(portTextIn(fields, portKey))
  if (host === null) return `${nameOf(raw)} has no usable host${quoted(fields.get('ipv4') ?? fields.get('ipv6'))}`
  if (port === null) return `${nameOf(raw)} has no usable port${quoted(fields.get(portKey))}`
  const p2prc = p2prcFields(fields)
  return {
    id: textIn(fields, 'id') || null,
    name: textIn(fields, 'name'),
    host,
    port,
    latency: latencyMs(fields, isOurs),
    download: measured(numberIn(fields, 'download')),
    upload: measured(numberIn(fields, 'upload')),
    speedAt: textIn(fields, 'speed at') || null,
    lastSeen: textIn(fields, 'last seen') || null,
    envelope: textIn(fields, 'envelope') || null,
    p2prc: isBlank(p2prc) ? null : p2prc,
  }
}

/** What a row is called in a sentence. */
function nameOf(raw: unknown): string {
  if (!isObject(raw)) return shortly(raw)
  const fields = fieldsOf(raw)
  const name = textIn(fields, 'name') || textIn(fields, 'ipv4') || textIn(fields, 'ipv6') || textIn(fields, 'id')
  return name === '' ? 'a row' : shortly(name)
}

const quoted = (value: unknown): string => (value === undefined ? '' : ` (${shortly(value)})`)
const MAX_QUOTED = 60
const shortly = (value: unknown): string => {
  const text = JSON.stringify(value)
  return text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text
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

const OUR_KEYS = [
  'ipv4',
  'ipv6',
  'latency',
  'download',
  'upload',
  'port no',
  'serverport',
  'name',
  'id',
  'speed at',
  'last seen',
  'envelope',
]
const KNOWN_KEYS: ReadonlySet<string> = new Set([...OUR_KEYS, ...Object.keys(p2prcObject(NO_P2PRC_FIELDS)).map((key) => key.toLowerCase())])

function ownFields({ id, host, port, name }: StoredRow, raw: unknown): readonly OwnFields[] {
  const own = isObject(raw) ? Object.entries(raw).filter(([key]) => !KNOWN_KEYS.has(key.toLowerCase())) : []
  return own.length === 0 ? [] : [{ id, host, port, name, fields: Object.fromEntries(own) }]
}

type Row = Readonly<Record<string, unknown>>

/** The file's object, without what a person wrote. */
export const tableFileObject = ({ rows }: StoredTable): { readonly ip_address: readonly Row[] } => ({ ip_address: rows.map(rowObject) })

const rowObject = ({ host, latency, download, upload, port, name, id, speedAt, lastSeen, envelope, p2prc }: StoredRow): Row => ({
  ipv4: host,
  latency,
  download,
  upload,
  'port no': String(port),
  name,
  id,
  ...(speedAt === null ? {} : { 'speed at': speedAt }),
  'last seen': lastSeen,
  ...(envelope === null ? {} : { envelope }),
  ...(p2prc === null ? {} : p2prcObject(p2prc)),
})

function p2prcObject(p2prc: P2prcFields): Row {
  return {
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
  }
}

/** The file's text. Rows that a person wrote and the table does not have come last, the strange ones behind the others. */
export function formatTableFile(table: StoredTable, byHand: ByHand = NOTHING_BY_HAND): string {
  const own = fieldsByRow(byHand, table)
  const rows = table.rows.map((row) => ({ ...rowObject(row), ...own.of(row)?.fields }))
  const absent = own.absent.map(({ host, port, name, id, fields }) => ({ ipv4: host, 'port no': String(port), name, id, ...fields }))
  const object = {
    ip_address: [...rows, ...byHand.waiting.map(({ raw }) => raw), ...byHand.strange.map(({ raw }) => raw)],
    ...(absent.length === 0 ? {} : { [ABSENT]: absent }),
    ...byHand.others,
  }
  return `${JSON.stringify(object, null, 2)}\n`
}
