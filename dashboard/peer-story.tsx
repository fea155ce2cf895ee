// What one server has been through: its last day, and what was told of it lately.
import type { PeerAnswerRow } from '../src/answers.ts'
import { newsText } from '../src/feed/news-text.ts'
import { Bar } from './bar.tsx'
import { day } from './day.ts'
import { LatencyChart, SpeedChart } from './day-charts.tsx'
import { Gaps } from './day-page.tsx'
import { news } from './feed-client.ts'
import { clockTime, fullTime } from './format.ts'
import { gapsOf } from './heartbeat.ts'

const MAX_EVENTS = 20

export function LastDay({ id }: { readonly id: string }) {
  if (day.value.type !== 'known') return null
  const { day: shown } = day.value
  const series = shown.series.find((one) => one.kind === 'peer' && one.id === id)
  if (!series) return null
  return (
    <section class="card" aria-labelledby="peer-day">
      <h2 id="peer-day">The last 24 hours</h2>
      <Bar series={series} shown={shown} />
      <div class="day-charts">
        <LatencyChart series={series} shown={shown} />
        <SpeedChart series={series} shown={shown} />
      </div>
      <Gaps gaps={gapsOf(series, shown)} />
    </section>
  )
}

/** What was told of it lately. */
export function Events({ row: { id, address } }: { readonly row: PeerAnswerRow }) {
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
