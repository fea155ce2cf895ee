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
import { FILE_LIMITS, type Fields, fieldsOf, isListKey, isObject, listIn, measured, numberIn, portTextIn, textIn } from './lenient.ts'
import { type Element, ListScanner } from './list-scanner.ts'
import type { P2prcFields, StoredRow, StoredTable, TableToWrite } from './table-file.ts'
import { NO_P2PRC_FIELDS, NS_PER_MS, p2prcFields } from './wire-table.ts'

export type ParsedFile =
  | {
      readonly type: 'table'
      readonly table: StoredTable
      /** Rows of `table` as they stand in the file, of those that were asked for. */
      readonly raws: ReadonlyMap<StoredRow, unknown>
      readonly byHand: ByHand
      /** The line of each strange row, from 1. */
      readonly strangeLines: readonly number[]
    }
  | { readonly type: 'unreadable' }

const EVERY = (): boolean => true
const MARK = [0xef, 0xbb, 0xbf]

/** Never throws. `wantsRaw`: of which rows it is kept how they stand in the file. */
export function parseTableFile(text: string, wantsRaw: (row: StoredRow) => boolean = EVERY): ParsedFile {
  const reader = new TableReader(wantsRaw)
  reader.push(new TextEncoder().encode(text))
  return reader.end()
}

/** Reads a table file in pieces of any length. Never throws. */
export class TableReader {
  readonly #wantsRaw: (row: StoredRow) => boolean
  readonly #scanner = new ListScanner(isListKey, FILE_LIMITS.maxDepth, {
    element: (element) => this.#take(element),
    restart: () => this.#restart(),
  })
  /** Bytes of the mark that have come; all of them once anything else has. */
  #marks = 0
  #length = 0
  #isBroken = false
  #count = 0
  #rows: StoredRow[] = []
  #raws = new Map<StoredRow, unknown>()
  #fields: OwnFields[] = []
  #strange: StrangeRow[] = []
  #strangeLines: number[] = []
  constructor(wantsRaw: (row: StoredRow) => boolean = EVERY) {
    this.#wantsRaw = wantsRaw
  }
  push(bytes: Uint8Array): void {
    this.#length += bytes.length
    if (this.#isBroken || this.#length > FILE_LIMITS.maxChars) return
    // Some editors put a byte order mark in front.
    let from = 0
    while (this.#marks < MARK.length && from < bytes.length && bytes[from] === MARK[this.#marks]) {
      this.#marks++
      from++
    }
    if (from < bytes.length) this.#marks = MARK.length
    this.#scanner.push(bytes.subarray(from))
  }
  end(): ParsedFile {
    const around = this.#isBroken || this.#length > FILE_LIMITS.maxChars ? null : this.#scanner.end()
    const found = around === null ? null : listIn(around, FILE_LIMITS)
    if (!found || this.#isBroken) return { type: 'unreadable' }
    const { [ABSENT]: absent, ...others } = found.others
    const fields = [...this.#fields]
    for (const raw of Array.isArray(absent) ? absent : []) {
      const read = readRow(raw)
      if (typeof read !== 'string') fields.push(...ownFields(read, raw))
    }
    return {
      type: 'table',
      table: { rows: this.#rows },
      raws: this.#raws,
      byHand: { fields, strange: this.#strange, waiting: [], others: Array.isArray(absent) ? others : found.others },
      strangeLines: this.#strangeLines,
    }
  }
  #restart(): void {
    this.#count = 0
    this.#rows = []
    this.#raws = new Map()
    this.#fields = []
    this.#strange = []
    this.#strangeLines = []
  }
  #take({ value: raw, line }: Element): void {
    if (this.#isBroken) return
    if (raw === undefined) {
      this.#isBroken = true
      return
    }
    const read =
      this.#count++ < FILE_LIMITS.maxRows ? readRow(raw) : `${nameOf(raw)} is beyond the ${FILE_LIMITS.maxRows} rows that are read`
    if (typeof read === 'string') {
      this.#strange.push({ raw, why: read })
      this.#strangeLines.push(line)
      return
    }
    this.#rows.push(read)
    if (this.#wantsRaw(read)) this.#raws.set(read, raw)
    this.#fields.push(...ownFields(read, raw))
  }
}

const ABSENT = 'absent'

/** The row, or a clause about why it can't be used. */
function readRow(raw: unknown): StoredRow | string {
  if (!isObject(raw)) return `${nameOf(raw)} is no row`
  const fields = fieldsOf(raw)
  const isOurs = fields.get('port no') !== undefined
  const hostUnder = (key: 'ipv4' | 'ipv6'): string | null => canonicalHost(textIn(fields, key).trim())
  // P2PRC asks a record with an IPv6 address there, whatever its IPv4 says.
  const host = isOurs ? (hostUnder('ipv4') ?? hostUnder('ipv6')) : (hostUnder('ipv6') ?? hostUnder('ipv4'))
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

/** As `rowObject` wrote it; null: it is none. */
export function rowFrom(raw: unknown): StoredRow | null {
  const row = readRow(raw)
  return typeof row === 'string' ? null : row
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

const isBlank = (p2prc: P2prcFields): boolean => Object.values(p2prc).every((value) => value === '' || value === false)

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
  const isKnown = (key: string): boolean => KNOWN_KEYS.has(key) || KNOWN_KEYS.has(key.toLowerCase())
  if (!isObject(raw) || Object.keys(raw).every(isKnown)) return []
  const own = Object.entries(raw).filter(([key]) => !isKnown(key))
  return [{ id, host, port, name, fields: Object.fromEntries(own) }]
}

type Row = Readonly<Record<string, unknown>>

/** The file's object, without what a person wrote. */
export const tableFileObject = ({ rows }: StoredTable): { readonly ip_address: readonly Row[] } => ({ ip_address: rows.map(rowObject) })

export const rowObject = ({ host, latency, download, upload, port, name, id, speedAt, lastSeen, envelope, p2prc }: StoredRow): Row => ({
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
export const formatTableFile = (table: TableToWrite, byHand: ByHand = NOTHING_BY_HAND): string => [...tablePieces(table, byHand)].join('')

/** The file's text in pieces: what stands before the rows, each row in its order, and what stands behind them. */
export function* tablePieces(table: TableToWrite, byHand: ByHand = NOTHING_BY_HAND): Generator<string> {
  const own = fieldsByRow(byHand, table)
  const absent = own.absent.map(({ host, port, name, id, fields }) => ({ ipv4: host, 'port no': String(port), name, id, ...fields }))
  const others = JSON.stringify({ ...(absent.length === 0 ? {} : { [ABSENT]: absent }), ...byHand.others }, null, 2)
  const behind = others === '{}' ? '\n}\n' : `,${others.slice(1)}\n`
  const count = table.rows.length + byHand.waiting.length + byHand.strange.length
  yield count === 0 ? '{\n  "ip_address": [' : '{\n  "ip_address": [\n'
  let left = count
  const piece = (row: unknown): string => `    ${JSON.stringify(row, null, 2).replaceAll('\n', '\n    ')}${--left === 0 ? '\n  ' : ',\n'}`
  for (const row of table.rows) yield piece({ ...rowObject(row), ...own.of(row)?.fields })
  for (const { raw } of byHand.waiting) yield piece(raw)
  for (const { raw } of byHand.strange) yield piece(raw)
  yield `]${behind}`
}
