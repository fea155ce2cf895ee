import { signal } from '@preact/signals'
import type { PeerAnswerRow } from '../src/answers.ts'
import { peerKey } from '../src/feed/delta.ts'
import { shortId } from '../src/feed/news-text.ts'
import { nowMs } from './feed-client.ts'
import { age, DASH, fullTime, measure } from './format.ts'

const MAX_ROWS = 200

interface Column {
  readonly key: string
  readonly title: string
  readonly hint: string
  readonly numeric?: boolean
  readonly value: (row: PeerAnswerRow) => string | number | null
}

const COLUMNS: readonly Column[] = [
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

const order = signal({ key: 'rtt', down: false })

/** `total`: how many there are, with those that are not among these. */
export function PeersTable({ peers, total }: { readonly peers: ReadonlyMap<string, PeerAnswerRow>; readonly total: number }) {
  const rows = sorted([...peers.values()])
  const names = new Map([...peers.values()].flatMap(({ id, name }) => (id === null ? [] : [[id, name] as const])))
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section class="scroll" aria-label="IP table" tabIndex={0}>
        <table class="peers">
          <caption class="unseen">Every server in the network, sortable by each column</caption>
          <thead>
            <tr>
              {COLUMNS.map((column) => (
                <Heading key={column.key} column={column} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MAX_ROWS).map((row) => (
              <Row key={peerKey(row)} row={row} names={names} />
            ))}
          </tbody>
        </table>
      </section>
      {rows.length === 0 && <p class="empty">No servers yet.</p>}
      {total > MAX_ROWS && <p class="empty">and {total - Math.min(MAX_ROWS, rows.length)} more: see “moonwalk peers”.</p>}
    </>
  )
}

function Heading({ column: { key, title, hint, numeric } }: { readonly column: Column }) {
  const { key: by, down } = order.value
  return (
    <th scope="col" class={`col-${key} ${numeric ? 'num' : ''}`} aria-sort={by !== key ? 'none' : down ? 'descending' : 'ascending'}>
      <button type="button" title={hint} onClick={() => (order.value = { key, down: by === key && !down })}>
        {title}
        {by === key && (
          <span class="arrow" aria-hidden="true">
            {down ? '▾' : '▴'}
          </span>
        )}
      </button>
    </th>
  )
}

function Row({ row, names }: { readonly row: PeerAnswerRow; readonly names: ReadonlyMap<string, string> }) {
  const { id, name, address, state, self, rttMs, jitterMs, lossPct, downMbps, upMbps, turn, via, lastProof, dialect } = row
  const lastSeen = lastProof === null ? 'never seen' : `last seen ${fullTime(lastProof)}`
  return (
    <tr class={`${state} ${self ? 'self' : ''}`} data-peer={peerKey(row)}>
      <th scope="row" title={name}>
        {name || DASH}{' '}
        {self && (
          <span class="chip" title="this node">
            self
          </span>
        )}
      </th>
      <td class="mono" title={address}>
        {address}
      </td>
      <td title={lastSeen}>
        <span class={`dot ${state}`} aria-hidden="true" />
        {state}
      </td>
      <td class="num strong">{measure(rttMs)}</td>
      <td class="num">{measure(jitterMs)}</td>
      <td class={`num ${lossPct ? 'bad' : ''}`}>{lossPct === null ? DASH : Math.round(lossPct)}</td>
      <td class="num">{measure(downMbps)}</td>
      <td class="num">{measure(upMbps)}</td>
      <td>{turn ? 'offers' : DASH}</td>
      <td title={via ?? ''}>{via === null ? DASH : (names.get(via) ?? shortId(via))}</td>
      <td class="num" title={lastSeen}>
        {age(lastProof, nowMs.value)}
      </td>
      <td>{dialect}</td>
      <td class="mono" title={id ?? ''}>
        {id === null ? DASH : shortId(id)}
      </td>
    </tr>
  )
}

/** This node first, those offline last; before them what is not known, whichever way round. */
function sorted(rows: readonly PeerAnswerRow[]): readonly PeerAnswerRow[] {
  const { key, down } = order.value
  const value = COLUMNS.find((column) => column.key === key)?.value ?? (() => null)
  return rows.toSorted((a, b) => {
    const [one, other] = [value(a), value(b)]
    if (rank(a) !== rank(b)) return rank(a) - rank(b)
    if (one === null || other === null) return one === other ? compare(a.address, b.address) : one === null ? 1 : -1
    return (down ? -1 : 1) * compare(one, other) || compare(a.address, b.address)
  })
}

const rank = ({ self, state }: PeerAnswerRow): number => (self ? 0 : state === 'offline' ? 2 : 1)

const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)
