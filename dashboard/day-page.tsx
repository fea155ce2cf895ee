// The last 24 hours: a bar for the node, each service and each peer; opened, each gap tells its story.
import { useSignal } from '@preact/signals'
import { spanText } from '../src/feed/standing.ts'
import { Bar } from './bar.tsx'
import { day } from './day.ts'
import { DayTraffic, TrafficChart } from './day-traffic.tsx'
import { clockTime, fullTime } from './format.ts'
import { type DayHistory, type DaySeries, type Gap, gapsOf } from './heartbeat.ts'
import { peerHref } from './route.ts'

/** Parts that the day is marked in. */
const MARKS = 4

const KINDS = [
  ['node', 'This node'],
  ['service', 'Services'],
  ['peer', 'Servers'],
] as const

export function DayPage() {
  const now = day.value
  return (
    <main class="page day-page">
      {now.type === 'known' ? (
        KINDS.map(([kind, title]) => <Kind key={kind} title={title} kind={kind} shown={now.day} />)
      ) : (
        <p class="card empty">{now.type === 'none' ? 'This node keeps no history.' : 'Asking the node…'}</p>
      )}
    </main>
  )
}

function Kind({ title, kind, shown }: { readonly title: string; readonly kind: DaySeries['kind']; readonly shown: DayHistory }) {
  const mine = shown.series.filter((series) => series.kind === kind)
  if (mine.length === 0) return null
  return (
    <section class="card" aria-labelledby={`day-${kind}`}>
      <header>
        <h2 id={`day-${kind}`}>{title}</h2>
        <span class="soft">{kind === 'node' && 'high is up, half is degraded, low is away'}</span>
      </header>
      <Hours shown={shown} />
      {mine.map((series) => (
        <Line key={series.id} series={series} shown={shown} />
      ))}
    </section>
  )
}

/** The hours that the bars below lie under. */
function Hours({ shown: { from, minutes } }: { readonly shown: DayHistory }) {
  const hours = Array.from({ length: MARKS }, (_, i) => new Date(Date.parse(from) + ((i * minutes) / MARKS) * 60_000).toISOString())
  return (
    <div class="hours soft" aria-hidden="true">
      {hours.map((at) => (
        <span key={at}>{clockTime(at).slice(0, 5)}</span>
      ))}
      <span>now</span>
    </div>
  )
}

function Line({ series, shown }: { readonly series: DaySeries; readonly shown: DayHistory }) {
  const isOpen = useSignal(false)
  const { kind, id, name, upPct } = series
  return (
    <details class="day-line" data-series={id} onToggle={({ currentTarget: { open } }) => (isOpen.value = open)}>
      <summary>
        <span class="day-name">{name}</span>
        <span class="num">{upPct === null ? '–' : `${upPct} %`}</span>
        <div>
          <Bar series={series} shown={shown} />
          <DayTraffic series={series} shown={shown} />
        </div>
      </summary>
      {isOpen.value && (
        <>
          <Gaps gaps={gapsOf(series, shown)} />
          <TrafficChart series={series} shown={shown} />
          {kind === 'peer' && (
            <p>
              <a href={peerHref(id)}>Its latency, and all about {name}</a>
            </p>
          )}
        </>
      )}
    </details>
  )
}

export function Gaps({ gaps }: { readonly gaps: readonly Gap[] }) {
  if (gaps.length === 0) return <p class="empty">No gap in the time that is known.</p>
  return (
    <ol class="gaps">
      {gaps.map(({ letter, fromMs, minutes, events }) => {
        const from = new Date(fromMs).toISOString()
        return (
          <li key={fromMs} class={letter === 'a' ? 'away' : 'degraded'}>
            <b title={fullTime(from)}>{clockTime(from).slice(0, 5)}</b> {letter === 'a' ? 'away' : 'degraded'} for{' '}
            {minutes === 1 ? 'up to a minute' : spanText(minutes * 60_000)}
            {events.length > 0 && (
              <ul>
                {events.map(({ at, text }, i) => (
                  <li key={`${at}${i}`}>
                    <time class="soft" dateTime={at}>
                      {clockTime(at)}
                    </time>{' '}
                    {text}
                  </li>
                ))}
              </ul>
            )}
          </li>
        )
      })}
    </ol>
  )
}
