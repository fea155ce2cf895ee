// The rows of the servers' table: what each column holds, which rows are shown, in which order, and which of them are on the screen.
import type { PeerAnswerRow } from '../src/answers.ts'
import { shortId } from '../src/feed/news-text.ts'

export type ColumnKey =
  | 'name'
  | 'address'
  | 'state'
  | 'rtt'
  | 'jitter'
  | 'loss'
  | 'down'
  | 'up'
  | 'turn'
  | 'via'
  | 'seen'
  | 'dialect'
  | 'id'

export interface Column {
  readonly key: ColumnKey
  readonly title: string
  readonly hint: string
  readonly numeric?: boolean
  readonly value: (row: PeerAnswerRow) => string | number | null
}

export const COLUMNS: readonly Column[] = [
  { key: 'name', title: 'Name', hint: 'what people call it', value: ({ name }) => name.toLowerCase() },
  { key: 'address', title: 'Address', hint: 'where others reach it', value: ({ address }) => address },
  { key: 'state', title: 'State', hint: 'alive, suspect, not known yet, or offline for less than a day', value: ({ state }) => state },
  {
    key: 'rtt',
    title: 'RTT ms',
    hint: 'best time for a whole /server_info on a warm connection',
    numeric: true,
    value: ({ rttMs }) => rttMs,
  },
  { key: 'jitter', title: '± ms', hint: 'how much the round trip varies', numeric: true, value: ({ jitterMs }) => jitterMs },
  { key: 'loss', title: 'Loss %', hint: 'pings without an answer', numeric: true, value: ({ lossPct }) => lossPct },
  { key: 'down', title: '↓ Mbit/s', hint: 'download from it', numeric: true, value: ({ downMbps }) => downMbps },
  { key: 'up', title: '↑ Mbit/s', hint: 'upload to it', numeric: true, value: ({ upMbps }) => upMbps },
  { key: 'turn', title: 'TURN', hint: 'offers to carry traffic for others', value: ({ turn }) => (turn ? 0 : 1) },
  { key: 'via', title: 'Via', hint: 'the TURN it is reached through', value: ({ via }) => via },
  {
    key: 'seen',
    title: 'Seen',
    hint: 'since it last answered',
    numeric: true,
    value: ({ lastProof }) => (lastProof === null ? null : -Date.parse(lastProof)),
  },
  { key: 'dialect', title: 'Speaks', hint: 'moonwalk or plain P2PRC', value: ({ dialect }) => dialect },
  { key: 'id', title: 'Id', hint: 'the start of its key’s hash', value: ({ id }) => id },
]

export interface Order {
  readonly key: string
  readonly down: boolean
}

export const KINDS = ['everybody', 'alive', 'suspect', 'unknown', 'offline', 'TURNs'] as const
export type Kind = (typeof KINDS)[number]

export interface Filter {
  /** Words; a row has each of them in some column. */
  readonly text: string
  readonly kind: Kind
}

type Names = ReadonlyMap<string, string>

/** Names by id: `via` tells an id alone. */
export const namesOf = (rows: Iterable<PeerAnswerRow>): Names =>
  new Map([...rows].flatMap(({ id, name }) => (id === null ? [] : [[id, name] as const])))

export const viaText = (via: string, names: Names): string => names.get(via) ?? shortId(via)

export function filtered(rows: readonly PeerAnswerRow[], { text, kind }: Filter, names: Names): readonly PeerAnswerRow[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0 && kind === 'everybody') return rows
  return rows.filter((row) => isOfKind(row, kind) && (words.length === 0 || hasWords(row, words, names)))
}

const isOfKind = ({ state, turn }: PeerAnswerRow, kind: Kind): boolean =>
  kind === 'everybody' || (kind === 'TURNs' ? turn && state !== 'offline' : state === kind)

function hasWords({ name, address, state, id, via, dialect }: PeerAnswerRow, words: readonly string[], names: Names): boolean {
  const whole = [name, address, state, id ?? '', via === null ? '' : viaText(via, names), dialect].join(' ').toLowerCase()
  return words.every((word) => whole.includes(word))
}

/** This node first, those offline last; before them what is not known, whichever way round. */
export function sorted(rows: readonly PeerAnswerRow[], { key, down }: Order): readonly PeerAnswerRow[] {
  const value = COLUMNS.find((column) => column.key === key)?.value ?? (() => null)
  const keyed = rows.map((row) => ({ row, rank: rank(row), value: value(row) }))
  keyed.sort((a, b) => {
    if (a.rank !== b.rank) return a.rank - b.rank
    if (a.value === null || b.value === null) return a.value === b.value ? compare(a.row.address, b.row.address) : a.value === null ? 1 : -1
    return (down ? -1 : 1) * compare(a.value, b.value) || compare(a.row.address, b.row.address)
  })
  return keyed.map(({ row }) => row)
}

const rank = ({ self, state }: PeerAnswerRow): number => (self ? 0 : state === 'offline' ? 2 : 1)

const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)

/** Rows drawn above and below those on the screen, so that a short scroll shows no gap. */
const SPARE_ROWS = 8

/** Of `count` rows of one height, those to draw: from `first` up to `end`, which is not drawn. */
export function rowsOnScreen(
  { scrollPx, heightPx, rowPx }: { readonly scrollPx: number; readonly heightPx: number; readonly rowPx: number },
  count: number,
): { readonly first: number; readonly end: number } {
  const most = Math.ceil(heightPx / rowPx) + 2 * SPARE_ROWS
  const first = Math.max(0, Math.min(Math.floor(scrollPx / rowPx) - SPARE_ROWS, count - most))
  return { first, end: Math.min(count, first + most) }
}
