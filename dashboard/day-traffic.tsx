// What passed for one service over the day: beneath its bar, of the same width, and as a chart of both directions.
import { sumsOfParts } from '../src/domain/history.ts'
import { byteUnit } from '../src/feed/byte-text.ts'
import { bytesBothWays, dayTrafficText } from '../src/feed/day-traffic.ts'
import { CELLS } from './bar.tsx'
import { Chart, type ChartLines } from './chart.tsx'
import { day } from './day.ts'
import { type Shown, spanOf } from './day-charts.tsx'
import { type DaySeries, hillsPath } from './heartbeat.ts'

const MINUTE_S = 60
const HEIGHT = 20

/** Nothing where nothing has come for it. */
export function DayTraffic({ series: { name, traffic }, shown: { minutes } }: Shown) {
  if (traffic === null) return null
  const bytes = bytesBothWays(traffic)
  const sums = sumsOfParts([...Array<null>(Math.max(0, minutes - bytes.length)).fill(null), ...bytes], CELLS)
  const said = dayTrafficText(traffic)
  return (
    <svg
      class="day-traffic"
      viewBox={`0 0 ${CELLS} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`The traffic of ${name} in the last 24 hours: ${said}`}
    >
      <title>{said}</title>
      <path d={hillsPath(sums, HEIGHT)} />
    </svg>
  )
}

/** The same below a service's line, with its sums. */
export function DayTrafficOf({ id }: Pick<DaySeries, 'id'>) {
  if (day.value.type !== 'known') return null
  const { day: shown } = day.value
  const series = shown.series.find((one) => one.kind === 'service' && one.id === id)
  if (!series?.traffic) return null
  return (
    <>
      <DayTraffic series={series} shown={shown} />
      <div class="soft">last 24 hours: {dayTrafficText(series.traffic)}</div>
    </>
  )
}

export function TrafficChart({ series: { id, name, traffic }, shown }: Shown) {
  if (traffic === null) return null
  const { fromS, endS } = spanOf(shown)
  const rates = (bytes: DaySeries['rttMs']) => bytes.map((each) => (each === null ? null : each / MINUTE_S))
  const [ratesIn, ratesOut] = [rates(traffic.bytesIn), rates(traffic.bytesOut)]
  const { unit, bytes } = byteUnit(Math.max(0, ...[...ratesIn, ...ratesOut].map((rate) => rate ?? 0)))
  const inUnit = (values: DaySeries['rttMs']) => values.map((value) => (value === null ? null : value / bytes))
  const firstS = endS - traffic.bytesIn.length * MINUTE_S
  const lines: ChartLines = {
    ...{ fromS, endS, unit: `${unit}/s`, atS: traffic.bytesIn.map((_, i) => firstS + i * MINUTE_S) },
    lines: [
      { colour: '--accent', values: inUnit(ratesIn), isDotted: false },
      { colour: '--second', values: inUnit(ratesOut), isDotted: false, isDashed: true },
    ],
    band: null,
  }
  const said = dayTrafficText(traffic)
  return (
    <figure class="day-chart">
      <figcaption>
        <b>Traffic</b> <span class="key down">in</span> <span class="key up">out</span> <span class="soft">{said}</span>
      </figcaption>
      <Chart label={`Traffic of ${name} over the last 24 hours: ${said}`} version={`${id} ${shown.from} ${shown.minutes}`} lines={lines} />
    </figure>
  )
}
