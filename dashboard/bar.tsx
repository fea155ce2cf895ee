// A day as a bar: full height is up, less is less, and each has its colour as well.
import { day } from './day.ts'
import { type DayHistory, type DaySeries, stretches } from './heartbeat.ts'

export const CELLS = 144
const TOPS: Readonly<Record<string, number>> = { u: 0, d: 4, a: 7, '.': 9 }
const WORDS: Readonly<Record<string, string>> = { u: 'up', d: 'degraded', a: 'away', '.': 'unknown' }

export function Bar({ series, shown: { minutes } }: { readonly series: DaySeries; readonly shown: DayHistory }) {
  const up = series.upPct === null ? 'nothing is known' : `up ${series.upPct} % of the time`
  return (
    <svg
      class="heartbeat"
      viewBox={`0 0 ${CELLS} 10`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`The last 24 hours of ${series.name}: ${up}`}
    >
      {stretches(series.states, minutes, CELLS).map(({ letter, from, end }) => (
        <rect key={from} class={WORDS[letter]} x={from} y={TOPS[letter]} width={end - from} height={10 - (TOPS[letter] ?? 0)} />
      ))}
    </svg>
  )
}

/** The bar of one of them, where there is a history of it. */
export function BarOf({ kind, id }: Pick<DaySeries, 'kind' | 'id'>) {
  if (day.value.type !== 'known') return null
  const { day: shown } = day.value
  const series = shown.series.find((one) => one.kind === kind && one.id === id)
  return series ? <Bar series={series} shown={shown} /> : null
}
