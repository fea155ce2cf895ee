// What stands above every page: whose page it is, how things stand, and the way there.
import { shortId } from '../src/feed/news-text.ts'
import { spanText } from '../src/feed/standing.ts'
import { connectNow, link, news, notice, nowMs, status } from './feed-client.ts'
import { age, fullTime } from './format.ts'
import { route } from './open-page.ts'
import type { Route } from './route.ts'
import { stripSteps } from './strip-steps.ts'
import { shownStanding } from './tone.ts'

const PAGES = [
  ['overview', '#/', 'Overview'],
  ['day', '#/day', '24 hours'],
  ['map', '#/map', 'Map'],
  ['machines', '#/machines', 'Machines'],
] as const satisfies readonly (readonly [Route['page'], string, string])[]

export function Top() {
  const node = status.value?.node
  return (
    <header class="top">
      <h1>
        <img src="./favicon.svg" alt="" width="22" height="22" /> moonwalk
      </h1>
      <nav aria-label="Pages">
        {PAGES.map(([page, href, title]) => (
          <a key={page} href={href} aria-current={route.value.page === page ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      {node && (
        <span class="whose">
          <b class="node-name">{node.name}</b>{' '}
          <span class="soft mono" title={node.id}>
            {shortId(node.id)}
          </span>{' '}
          <span class="soft" title={fullTime(node.startedAt)}>
            v{node.version}, up {age(node.startedAt, nowMs.value)}
          </span>
        </span>
      )}
    </header>
  )
}

/** The one sentence, and what a person should know who looked away. */
export function StandingBar() {
  const { tone, text, short } = shownStanding.value
  const now = link.value
  return (
    <section class={`standing ${tone}`} aria-label="How things stand" data-link={now.type}>
      <span class="lamp" aria-hidden="true" />
      <p class="sentence">{text}</p>
      {now.type === 'lost' && (
        <span class="again">
          {nowMs.value < now.retryAtMs ? `Trying again in ${Math.ceil((now.retryAtMs - nowMs.value) / 1_000)} s.` : 'Trying again…'}{' '}
          <button type="button" class="small" onClick={connectNow}>
            Now
          </button>
        </span>
      )}
      {/* Said when it changes; the sentence above counts seconds. */}
      <span class="unseen" role="status">
        {short}
      </span>
      {notice.value && (
        <p class="notice" role="alert">
          {notice.value.text}{' '}
          <button
            type="button"
            class="small"
            onClick={() => {
              notice.value = null
            }}
          >
            Dismiss
          </button>
        </p>
      )}
    </section>
  )
}

/** The way of the node so far. */
export function Strip() {
  const shown = status.value
  if (!shown) return null
  const { state } = shown.node
  const since = news.value.findLast((entry) => entry.type === 'state.entered' && entry.machine === 'node')?.at
  return (
    <section class="strip" aria-label="The way of this node so far">
      <ol>
        {stripSteps(state, shown.turn?.name ?? null).map((step) => (
          <li key={step.state} class={step.mark} aria-current={step.mark === 'now' ? 'step' : undefined} title={step.state}>
            {step.words}
            {step.mark === 'done' && ' ✓'}
            {step.mark === 'now' && since !== undefined && `, ${spanText(nowMs.value - Date.parse(since))}`}
          </li>
        ))}
      </ol>
      <a href="#/machines" data-node-state={state} title="the machine’s own name of the state, and its diagram">
        <code>{state}</code>
      </a>
    </section>
  )
}
