// One server: where it is, what is known of it, how old that is and where it is from, and what can be done about it.
import { useSignal } from '@preact/signals'
import { type ComponentChildren, Fragment } from 'preact'
import type { PeerAnswerRow, PingAnswer, SpeedtestAnswer } from '../src/answers.ts'
import { newsText } from '../src/feed/news-text.ts'
import { act, type Outcome } from './actions.ts'
import { allPeers } from './all-peers.ts'
import { Bar } from './bar.tsx'
import { CommandLine, Copy } from './copy.tsx'
import { day } from './day.ts'
import { Gaps } from './day-page.tsx'
import { news, nowMs, status } from './feed-client.ts'
import { age, clockTime, DASH, fullTime, measure } from './format.ts'
import { gapsOf } from './heartbeat.ts'
import { LatencyChart } from './latency-chart.tsx'
import { namesOf, viaText } from './peer-rows.ts'
import { ask } from './token.ts'

const MAX_EVENTS = 20

export function PeerPage({ peer }: { readonly peer: string }) {
  const row = allPeers.value.get(peer)
  return (
    <main class="page peer-page">
      <p>
        <a href="#/">← All servers</a>
      </p>
      {row ? <Peer key={peer} row={row} /> : <p class="card empty">No server {peer} is in the table now.</p>}
    </main>
  )
}

function Peer({ row }: { readonly row: PeerAnswerRow }) {
  const names = namesOf(allPeers.value.values())
  const { id, name, address, addresses, state, self, turn, via, lastProof, dialect } = row
  return (
    <>
      <header class="peer-head">
        <h2>{name || address}</h2> <span class={`dot ${state}`} aria-hidden="true" /> {self ? 'this node' : state}
        <span class="soft" title={fullTime(lastProof)}>
          {lastProof === null ? 'never seen' : `last seen ${age(lastProof, nowMs.value)} ago`}
        </span>
      </header>
      <div class="cards">
        <section class="card" aria-labelledby="peer-where">
          <h2 id="peer-where">Where</h2>
          <dl class="pairs">
            <dt>Address</dt>
            <dd>
              <span class="mono">{address}</span> <Copy text={address} what="its address" />
            </dd>
            {addresses
              .filter((other) => other !== address)
              .map((other) => (
                <Fragment key={other}>
                  <dt>Also at</dt>
                  <dd>
                    <span class="mono">{other}</span> <Copy text={other} what={`its address ${other}`} />
                  </dd>
                </Fragment>
              ))}
            <dt>Reached</dt>
            <dd>{via === null ? 'directly' : `through ${viaText(via, names)}`}</dd>
            <dt>Id</dt>
            <dd>
              {id === null ? (
                'it has none'
              ) : (
                <>
                  <span class="mono id">{id}</span> <Copy text={id} what="its id" />
                </>
              )}
            </dd>
            <dt>Speaks</dt>
            <dd>{dialect}</dd>
            <dt>TURN</dt>
            <dd>{turn ? 'offers to carry traffic for others' : 'does not carry for others'}</dd>
          </dl>
        </section>
        <Figures row={row} />
        {!self && <Actions row={row} />}
        <PeerServices row={row} />
      </div>
      <LastDay id={row.id ?? row.address} />
      <Events row={row} />
    </>
  )
}

function Figures({ row }: { readonly row: PeerAnswerRow }) {
  const { rttMs, rttAt, measured, rttErrorPct, minMs, medianMs, p95Ms, jitterMs, lossPct } = row
  const { connectMs, connectAt, serverBusy, loadedMs, loadedAt, downMbps, upMbps, speedAt } = row
  return (
    <section class="card" aria-labelledby="peer-figures">
      <h2 id="peer-figures">Figures</h2>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Value</th>
            <th scope="col">From</th>
          </tr>
        </thead>
        <tbody>
          <Figure name="RTT" value={measure(rttMs, 'ms')} at={rttAt}>
            {measured === 'estimated' ? `estimated, ± ${rttErrorPct ?? '?'} %` : measured === 'self' ? 'measured here' : 'not measured yet'}
          </Figure>
          <Figure name="Least, median, p95" value={[minMs, medianMs, p95Ms].map((ms) => measure(ms)).join(', ')} at={rttAt}>
            measured here
          </Figure>
          <Figure name="Jitter" value={measure(jitterMs, 'ms')} at={rttAt}>
            measured here
          </Figure>
          <Figure name="Loss" value={lossPct === null ? DASH : `${Math.round(lossPct)} %`} at={rttAt}>
            measured here
          </Figure>
          <Figure name="TCP handshake" value={measure(connectMs, 'ms')} at={connectAt}>
            {serverBusy ? 'its server is busy, not the path' : 'measured here'}
          </Figure>
          <Figure name="RTT under load" value={measure(loadedMs, 'ms')} at={loadedAt}>
            beside a speed test
          </Figure>
          <Figure name="Down" value={measure(downMbps, 'Mbit/s')} at={speedAt}>
            speed test
          </Figure>
          <Figure name="Up" value={measure(upMbps, 'Mbit/s')} at={speedAt}>
            speed test
          </Figure>
        </tbody>
      </table>
    </section>
  )
}

interface FigureShown {
  readonly name: string
  readonly value: string
  readonly at: string | null
  readonly children: ComponentChildren
}

const Figure = ({ name, value, at, children }: FigureShown) => (
  <tr>
    <th scope="row">{name}</th>
    <td class="strong">{value}</td>
    <td class="soft" title={fullTime(at)}>
      {value === DASH ? '' : children}
      {value !== DASH && at !== null && `, ${age(at, nowMs.value)} ago`}
    </td>
  </tr>
)

type Doing =
  | { readonly type: 'idle' }
  | { readonly type: 'asks' }
  | { readonly type: 'runs'; readonly what: string; readonly sinceMs: number }

function Actions({ row }: { readonly row: PeerAnswerRow }) {
  const doing = useSignal<Doing>({ type: 'idle' })
  const said = useSignal<{ readonly isBad: boolean; readonly text: string } | null>(null)
  const peer = row.id ?? row.address
  async function run<Answer>(what: string, path: string, text: (answer: Answer) => string): Promise<void> {
    doing.value = { type: 'runs', what, sinceMs: Date.now() }
    said.value = null
    const outcome: Outcome<Answer> = await act(path, { peer })
    doing.value = { type: 'idle' }
    said.value = outcome.type === 'done' ? { isBad: false, text: text(outcome.answer) } : { isBad: true, text: outcome.text }
  }
  const now = doing.value
  const busy = now.type === 'runs'
  return (
    <section class="card" aria-labelledby="peer-actions">
      <h2 id="peer-actions">Do</h2>
      <div class="buttons">
        <button type="button" disabled={busy} onClick={() => void run<PingAnswer>('Pinging', 'api/ping', pingText)}>
          Ping now
        </button>
        <button type="button" disabled={busy} onClick={() => void run<SpeedtestAnswer>('Speed test', 'api/speedtest', speedText)}>
          Speed test
        </button>
        <button type="button" class="danger" disabled={busy} onClick={() => (doing.value = { type: 'asks' })}>
          Remove
        </button>
      </div>
      {now.type === 'asks' && (
        <p class="asks">
          Forget {row.name || row.address}? It comes back if others still know it and it answers.{' '}
          <button
            type="button"
            class="small danger"
            onClick={() => void run<{ address: string }>('Removing', 'api/peers/remove', ({ address }) => `${address} is forgotten.`)}
          >
            Remove it
          </button>{' '}
          <button type="button" class="small" onClick={() => (doing.value = { type: 'idle' })}>
            Keep it
          </button>
        </p>
      )}
      {busy && (
        <p>
          <label>
            {now.what}, {Math.max(0, Math.round((nowMs.value - now.sinceMs) / 1_000))} s <progress />
          </label>
        </p>
      )}
      <p class={said.value?.isBad ? 'bad' : ''} role="status" data-said>
        {said.value?.text}
      </p>
    </section>
  )
}

const pingText = ({ rttMs, samples, isLoaded }: PingAnswer): string =>
  `${measure(rttMs, 'ms')}, the best of ${samples.length}${isLoaded ? ', beside a speed test' : ''}.`

const speedText = ({ down, up }: SpeedtestAnswer): string => `Down: ${down.words}. Up: ${up.words}.`

interface Reachable {
  readonly node: { readonly id: string }
  readonly name: string
  readonly kind: string
  readonly private: boolean
}

function LastDay({ id }: { readonly id: string }) {
  if (day.value.type !== 'known') return null
  const { day: shown } = day.value
  const series = shown.series.find((one) => one.kind === 'peer' && one.id === id)
  if (!series) return null
  return (
    <section class="card" aria-labelledby="peer-day">
      <h2 id="peer-day">The last 24 hours</h2>
      <Bar series={series} shown={shown} />
      <LatencyChart series={series} shown={shown} />
      <Gaps gaps={gapsOf(series, shown)} />
    </section>
  )
}

/** Asking contacts other nodes, so a person says when. */
type Offered =
  | { readonly type: 'unasked' | 'asking' | 'failed' }
  | { readonly type: 'told'; readonly services: readonly { readonly name: string; readonly kind: string }[] }

function PeerServices({ row: { id, name, self } }: { readonly row: PeerAnswerRow }) {
  const told = useSignal<Offered>({ type: 'unasked' })
  const askIt = async () => {
    told.value = { type: 'asking' }
    const all = await askReachable()
    told.value = all === null ? { type: 'failed' } : { type: 'told', services: all.filter(({ node }) => node.id === id) }
  }
  const offered: Offered = self ? { type: 'told', services: status.value?.services ?? [] } : told.value
  if (id === null) return null
  return (
    <section class="card" aria-labelledby="peer-services">
      <h2 id="peer-services">Services</h2>
      {offered.type === 'told' && offered.services.length === 0 && <p class="empty">None for this node.</p>}
      {offered.type === 'failed' && <p class="bad">This node can’t ask for them.</p>}
      {offered.type === 'told' ? (
        <ul class="lines">
          {offered.services.map((service) => (
            <li key={service.name}>
              <b>{service.name}</b> <span class="soft">{service.kind}</span>{' '}
              <CommandLine line={`moonwalk connect ${name}/${service.name}`} />
            </li>
          ))}
        </ul>
      ) : (
        <button type="button" disabled={offered.type === 'asking'} onClick={() => void askIt()}>
          {offered.type === 'asking' ? 'Asking…' : 'Ask what it offers'}
        </button>
      )}
    </section>
  )
}

interface Reachable {
  readonly node: { readonly id: string }
  readonly name: string
  readonly kind: string
}

async function askReachable(): Promise<readonly Reachable[] | null> {
  const answer = await ask('api/connectable')
  if (!answer?.ok) return null
  const body: { readonly services: readonly Reachable[] } = await answer.json()
  return body.services
}

/** What was told of it lately. */
function Events({ row: { id, address } }: { readonly row: PeerAnswerRow }) {
  const told = news.value
    .filter((entry) => 'peer' in entry && (entry.peer === id || entry.peer === address))
    .slice(-MAX_EVENTS)
    .toReversed()
  if (told.length === 0) return null
  return (
    <section class="card news" aria-labelledby="peer-news">
      <h2 id="peer-news">What happened</h2>
      <ol>
        {told.map((entry) => (
          <li key={entry.seq}>
            <time dateTime={entry.at} title={fullTime(entry.at)}>
              {clockTime(entry.at)}
            </time>
            <span class="what">{newsText(entry)}</span>
          </li>
        ))}
      </ol>
    </section>
  )
}
