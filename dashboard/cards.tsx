// The cards beside the table: how this node is reached, its health, its news.
import { type Signal, signal } from '@preact/signals'
import type { StatusAnswer } from '../src/answers.ts'
import type { FeedStatus } from '../src/feed/figures.ts'
import type { Entry } from '../src/feed/news.ts'
import { newsText } from '../src/feed/news-text.ts'
import { Copy } from './copy.tsx'
import { bySeq, measurements, news, nowMs, showsMeasurements } from './feed-client.ts'
import { age, clockTime, DASH, fullTime, measure } from './format.ts'

export function ReachCard({ status: { node, turn, turns } }: { readonly status: FeedStatus }) {
  return (
    <section class="card" aria-labelledby="reach">
      <h2 id="reach">Reached</h2>
      <p class="big mono">
        {node.address ?? 'not proven yet'} {node.address !== null && <Copy text={node.address} what="the address of this node" />}
      </p>
      <p class="soft">
        {node.reachability === 'public'
          ? 'directly: others connect to this node'
          : node.reachability === 'tunnelled'
            ? 'through a TURN'
            : 'nobody has proven a way in'}
      </p>
      {turn ? (
        <dl class="turn">
          <dt>TURN</dt>
          <dd>
            <b class="turn-name">{turn.name}</b> <span class="mono soft">{turn.address}</span>
          </dd>
          <dt>Why</dt>
          <dd>{turn.reason}</dd>
          <dt>RTT</dt>
          <dd>{measure(turn.rttMs, 'ms')}</dd>
          {turns.length > 1 && <dt>Tunnels</dt>}
          {turns.length > 1 &&
            turns.map(({ name, address, state, public: at, provenAt }) => (
              <dd key={address} class="tunnel" data-tunnel={name} title={`proven ${fullTime(provenAt)}`}>
                {name}: {state}
                {at !== null && <span class="mono soft"> {at}</span>}
              </dd>
            ))}
          <dt>Since</dt>
          <dd title={fullTime(turn.since)}>{age(turn.since, nowMs.value)}</dd>
          <dt>Proven</dt>
          <dd title={fullTime(turn.provenAt)}>{turn.provenAt === null ? 'not yet' : `${age(turn.provenAt, nowMs.value)} ago`}</dd>
        </dl>
      ) : (
        <p class="soft">{node.reachability === 'public' ? 'No TURN needed.' : 'No TURN in use.'}</p>
      )}
      <p class="soft network" data-network={node.network.kind}>
        In {node.network.text}.
      </p>
    </section>
  )
}

export function HealthCard({ health }: { readonly health: StatusAnswer['health'] }) {
  return (
    <section class="card" aria-labelledby="health">
      <h2 id="health">Health</h2>
      {health.length === 0 && <p class="fine">Everything is as it should be.</p>}
      <ul class="health">
        {health.map(({ level, text, fix }) => (
          <li key={text} class={level}>
            <span class="level">{level}</span> {text}
            {fix !== '' && <div class="soft">{fix}</div>}
          </li>
        ))}
      </ul>
    </section>
  )
}

const Choice = ({ shows, children }: { readonly shows: Signal<boolean>; readonly children: string }) => (
  <label>
    <input type="checkbox" checked={shows.value} onChange={({ currentTarget }) => (shows.value = currentTarget.checked)} />
    {children}
  </label>
)

const SHOWN = 60
/** What machines entered: for whoever wants to know how it comes about. */
const showsStates = signal(false)

export function NewsCard() {
  const plain = showsStates.value ? news.value : news.value.filter(({ type }) => type !== 'state.entered')
  const told = showsMeasurements.value ? bySeq([...plain, ...measurements.value]) : plain
  return (
    <section class="card news" aria-labelledby="news">
      <header>
        <h2 id="news">News</h2>
        <span class="choices">
          <Choice shows={showsStates}>every state</Choice>
          <Choice shows={showsMeasurements}>every ping</Choice>
        </span>
      </header>
      {told.length === 0 && <p class="empty">Nothing has happened yet.</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <ol tabIndex={0} aria-label="News, the newest first">
        {told
          .slice(-SHOWN)
          .toReversed()
          .map((entry) => (
            <li key={entry.seq} class={moodOf(entry)}>
              <time dateTime={entry.at} title={fullTime(entry.at)}>
                {entry.at ? clockTime(entry.at) : DASH}
              </time>
              <span class="what">{newsText(entry)}</span>
            </li>
          ))}
      </ol>
    </section>
  )
}

function moodOf(entry: Entry): 'good' | 'poor' | 'plain' | 'quiet' {
  const { type } = entry
  if (entry.type === 'node.reachability' && entry.verdict === 'unknown') return 'poor'
  if (/^(turn\.lost|service\.down|peer\.removed|peer\.suspected|warned|.*\.refused)$/.test(type)) return 'poor'
  if (/^(turn\.chosen|service\.up|peer\.added|peer\.cleared|node\.reachability)$/.test(type)) return 'good'
  return type === 'state.entered' || type === 'peer.measured' ? 'quiet' : 'plain'
}
