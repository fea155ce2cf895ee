// What was measured of one server over the day: latency with a band as wide as its jitter, and each speed test.
import { Chart, type ChartLines } from './chart.tsx'
import { measure } from './format.ts'
import type { DayHistory, DaySeries } from './heartbeat.ts'

export interface Shown {
  readonly series: DaySeries
  readonly shown: DayHistory
}

const MINUTE_S = 60

export function LatencyChart({ series: { id, name, rttMs, jitterMs }, shown }: Shown) {
  const known = rttMs.filter((ms) => ms !== null)
  if (known.length === 0) return null
  const { fromS, endS } = spanOf(shown)
  const firstS = endS - rttMs.length * MINUTE_S
  const spread = (sign: 1 | -1) =>
    rttMs.map((ms, i) => {
      const jitter = jitterMs[i]
      return ms === null || jitter === null || jitter === undefined ? null : Math.max(0, ms + sign * jitter)
    })
  const lines: ChartLines = {
    ...{ fromS, endS, unit: 'ms', atS: rttMs.map((_, i) => firstS + i * MINUTE_S) },
    lines: [{ colour: '--accent', values: rttMs, isDotted: false }],
    band: [spread(1), spread(-1)],
  }
  const label = `Latency of ${name} over the last 24 hours: ${measure(Math.min(...known))} to ${measure(Math.max(...known), 'ms')}`
  return (
    <figure>
      <figcaption>
        <b>Latency</b> <span class="soft">the band is its jitter</span>
      </figcaption>
      <Chart label={label} version={`${id} ${shown.from} ${shown.minutes}`} lines={lines} />
    </figure>
  )
}

export function SpeedChart({ series: { id, name, speeds }, shown }: Shown) {
  const last = speeds.at(-1)
  if (last === undefined) return null
  const lines: ChartLines = {
    ...{ ...spanOf(shown), unit: 'Mbit/s', atS: speeds.map(({ at }) => Date.parse(at) / 1_000) },
    lines: [
      { colour: '--accent', values: speeds.map(({ downMbps }) => downMbps), isDotted: true },
      { colour: '--second', values: speeds.map(({ upMbps }) => upMbps), isDotted: true, isDashed: true },
    ],
    band: null,
  }
  const said = `last down ${mbps(last.downMbps)}, up ${mbps(last.upMbps)} Mbit/s`
  return (
    <figure>
      <figcaption>
        <b>Speed</b> <span class="key down">down</span> <span class="key up">up</span>{' '}
        <span class="soft">{speeds.length === 1 ? 'one test' : `${speeds.length} tests`}</span>
      </figcaption>
      <Chart label={`Speed of ${name} over the last 24 hours: ${said}`} version={`${id} ${shown.from} ${speeds.length}`} lines={lines} />
    </figure>
  )
}

const mbps = (value: number | null): string => (value === null ? 'not known' : String(value))

export function spanOf({ from, minutes }: DayHistory): { readonly fromS: number; readonly endS: number } {
  const fromS = Date.parse(from) / 1_000
  return { fromS, endS: fromS + minutes * MINUTE_S }
}
