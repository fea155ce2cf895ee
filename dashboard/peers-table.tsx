// The servers' table: searched, filtered, sorted; of thousands of rows only those on the screen are drawn.
import { computed, signal } from '@preact/signals'
import type { PeerAnswerRow } from '../src/answers.ts'
import { peerKey } from '../src/feed/delta.ts'
import { allPeers, counts } from './all-peers.ts'
import { CommandLine } from './copy.tsx'
import { nowMs } from './feed-client.ts'
import { age, DASH, fullTime, measure } from './format.ts'
import { kept } from './kept.ts'
import { COLUMNS, type Column, type Filter, filtered, KINDS, namesOf, type Order, rowsOnScreen, sorted, viaText } from './peer-rows.ts'
import { peerHref } from './route.ts'

/** As in dashboard.css. */
const ROW_PX = 30

const order = kept<Order>('order', { key: 'rtt', down: false }, (read): read is Order => 'key' in read && 'down' in read)
const filter = kept<Filter>('filter', { text: '', kind: 'everybody' }, (read): read is Filter => 'text' in read && 'kind' in read)
const scroll = signal({ scrollPx: 0, heightPx: 600 })

const all = computed(() => [...allPeers.value.values()])
const names = computed(() => namesOf(all.value))
const found = computed(() => sorted(filtered(all.value, filter.value, names.value), order.value))
const onScreen = computed(() => rowsOnScreen({ ...scroll.value, rowPx: ROW_PX }, found.value.length))

export function PeersCard() {
  const { here, alive, offline } = counts.value
  return (
    <section class="card table-card" aria-labelledby="servers">
      <header>
        <h2 id="servers">Servers</h2>
        <span class="soft counts">
          {here} in the table, {alive} alive{offline > 0 && `; ${offline} offline`}
        </span>
      </header>
      <Search />
      <PeersTable />
    </section>
  )
}

function Search() {
  const { text, kind } = filter.value
  return (
    <search class="search">
      <input
        type="search"
        aria-label="Search servers by name, address or id"
        placeholder="Name, address, id…"
        value={text}
        onInput={({ currentTarget: { value } }) => {
          filter.value = { ...filter.peek(), text: value }
        }}
      />
      <select
        aria-label="Which servers"
        value={kind}
        onChange={({ currentTarget: { value } }) => {
          filter.value = { ...filter.peek(), kind: KINDS.find((one) => one === value) ?? 'everybody' }
        }}
      >
        {KINDS.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
      {(text !== '' || kind !== 'everybody') && (
        <span class="soft" role="status">
          {found.value.length} of {all.value.length}
        </span>
      )}
    </search>
  )
}

function PeersTable() {
  const { first, end } = onScreen.value
  const rows = found.value
  return (
    <>
      <section
        class="scroll"
        aria-label="IP table"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        tabIndex={0}
        onScroll={({ currentTarget: { scrollTop, clientHeight } }) => {
          scroll.value = { scrollPx: scrollTop, heightPx: clientHeight }
        }}
      >
        <table class="peers" aria-rowcount={rows.length + 1}>
          <caption class="unseen">Every server in the network, sortable by each column</caption>
          <thead>
            <tr aria-rowindex={1}>
              {COLUMNS.map((column) => (
                <Heading key={column.key} column={column} />
              ))}
            </tr>
          </thead>
          <tbody>
            <Gap rows={first} />
            {rows.slice(first, end).map((row, i) => (
              <Row key={peerKey(row)} row={row} index={first + i + 2} />
            ))}
            <Gap rows={rows.length - end} />
          </tbody>
        </table>
      </section>
      {rows.length === 0 && (
        <p class="empty">
          {all.value.length > 0 ? (
            'Nobody fits that.'
          ) : (
            <>
              No servers yet. <CommandLine line="moonwalk invite" /> prints the line with which others join.
            </>
          )}
        </p>
      )}
    </>
  )
}

/** Stands in place of rows that are not on the screen. */
const Gap = ({ rows }: { readonly rows: number }) =>
  rows === 0 ? null : (
    <tr class="gap">
      <td colSpan={COLUMNS.length} style={{ height: `${rows * ROW_PX}px` }} />
    </tr>
  )

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

function Row({ row, index }: { readonly row: PeerAnswerRow; readonly index: number }) {
  const { id, name, address, state, self, rttMs, jitterMs, lossPct, downMbps, upMbps, turn, via, lastProof, dialect, measured } = row
  const lastSeen = lastProof === null ? 'never seen' : `last seen ${fullTime(lastProof)}`
  return (
    <tr class={`${state} ${self ? 'self' : ''}`} data-peer={peerKey(row)} aria-rowindex={index}>
      <th scope="row" title={name}>
        <span class={`dot ${state}`} aria-hidden="true" />
        <a href={peerHref(peerKey(row))}>{name || DASH}</a>{' '}
        {self && (
          <span class="chip" title="this node">
            self
          </span>
        )}
      </th>
      <td class="col-address mono" title={address}>
        {address}
      </td>
      <td class="col-state" title={lastSeen}>
        {state}
      </td>
      <td class="num strong" title={measured === 'estimated' ? 'estimated from network coordinates' : undefined}>
        {measured === 'estimated' && rttMs !== null && '≈ '}
        {measure(rttMs)}
      </td>
      <td class="col-jitter num">{measure(jitterMs)}</td>
      <td class={`col-loss num ${lossPct ? 'bad' : ''}`}>{lossPct === null ? DASH : Math.round(lossPct)}</td>
      <td class="col-down num">{measure(downMbps)}</td>
      <td class="col-up num">{measure(upMbps)}</td>
      <td class="col-turn">{turn ? 'offers' : DASH}</td>
      <td class="col-via" title={via ?? ''}>
        {via === null ? DASH : viaText(via, names.value)}
      </td>
      <td class="num" title={lastSeen}>
        <Age at={lastProof} />
      </td>
      <td class="col-dialect">{dialect}</td>
      <td class="col-id mono" title={id ?? ''}>
        {id === null ? DASH : id.slice(0, 8)}
      </td>
    </tr>
  )
}

/** Written anew each second, and not the row around it. */
const Age = ({ at }: { readonly at: string | null }) => <>{age(at, nowMs.value)}</>
