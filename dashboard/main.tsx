import { effect } from '@preact/signals'
import { render } from 'preact'
import type { PeerAnswerRow } from '../src/answers.ts'
import type { FeedView } from '../src/feed/delta.ts'
import { shortId } from '../src/feed/news-text.ts'
import './chart.css'
import './dashboard.css'
import './machines.css'
import './traffic.css'
import { HealthCard, NewsCard, ReachCard, ServicesCard } from './cards.tsx'
import { connectNow, link, nowMs, startFeed, view } from './feed-client.ts'
import { age } from './format.ts'
import { Machines } from './machines.tsx'
import { PeersTable } from './peers-table.tsx'
import { startRateHistory } from './rate-history.ts'
import { CarryingCard } from './traffic.tsx'

function Page() {
  const shown = view.value
  return (
    <>
      <Header shown={shown} />
      {shown ? <Main shown={shown} /> : <main class="waiting">{link.value.type === 'locked' ? '' : 'Waiting for the node…'}</main>}
    </>
  )
}

function Header({ shown }: { readonly shown: FeedView | null }) {
  const node = shown?.status.node
  return (
    <header class="top">
      <h1>
        <img src="./favicon.svg" alt="" width="22" height="22" /> moonwalk
      </h1>
      {node && (
        <>
          <b class="node-name">{node.name}</b>
          <span class="chip state-chip" data-node-state={node.state}>
            {node.state}
          </span>
          <span class="soft mono" title={node.id}>
            {shortId(node.id)}
          </span>
          <span class="soft">
            v{node.version}, up {age(node.startedAt, nowMs.value)}
          </span>
        </>
      )}
      <Link />
    </header>
  )
}

/** Whether what is shown is now. */
function Link() {
  const now = link.value
  return (
    <div class={`link ${now.type}`} role="status" data-link={now.type}>
      <span class="dot" aria-hidden="true" />
      {now.type === 'live' && 'live'}
      {now.type === 'connecting' && 'connecting…'}
      {now.type === 'locked' && 'This tab has no key to the node: open the link that “moonwalk dashboard” prints on its machine.'}
      {now.type === 'lost' && (
        <>
          <span>
            No answer from the node for {Math.max(0, Math.round((nowMs.value - now.sinceMs) / 1_000))} s; what you see is from before.{' '}
            {nowMs.value < now.retryAtMs ? `Trying again in ${Math.ceil((now.retryAtMs - nowMs.value) / 1_000)} s.` : 'Trying again…'}
          </span>
          <button type="button" onClick={connectNow}>
            Now
          </button>
        </>
      )}
    </div>
  )
}

function Main({ shown }: { readonly shown: FeedView }) {
  const { status, traffic, clients, carried, peers, news, measurements } = shown
  const count = (wanted: PeerAnswerRow['state']) => [...peers.values()].filter(({ state }) => state === wanted).length
  // Of a long table the feed tells of a part.
  const { here, alive, offline } = status.table ?? {
    here: peers.size - count('offline'),
    alive: count('alive'),
    offline: count('offline'),
  }
  return (
    <main class={link.value.type === 'live' ? '' : 'stale'}>
      <div class="facts">
        <div class="cards">
          <ReachCard status={status} />
          <ServicesCard services={status.services} traffic={traffic} />
          <HealthCard health={status.health} />
        </div>
        <CarryingCard clients={[...clients.values()]} carried={carried} />
        <section class="card table-card" aria-labelledby="servers">
          <header>
            <h2 id="servers">Servers</h2>
            <span class="soft">
              {here} in the table, {alive} alive{offline > 0 && `; ${offline} offline`}
            </span>
          </header>
          <PeersTable peers={peers} total={here + offline} />
        </section>
        <NewsCard news={news} measurements={measurements} />
      </div>
      <Machines shown={shown} />
    </main>
  )
}

effect(() => {
  const node = view.value?.status.node
  document.title = node ? `${link.value.type === 'live' ? '' : '⚠ '}${node.name}: ${node.state}` : 'moonwalk'
})

const page = document.getElementById('page')
if (page) {
  page.replaceChildren()
  render(<Page />, page)
}
startFeed()
startRateHistory()
