// The latency of one peer over the day, with a band as wide as its jitter. The library is loaded with the first chart.
import { useEffect, useRef } from 'preact/hooks'
import 'uplot/dist/uPlot.min.css'
import type { DayHistory, DaySeries } from './heartbeat.ts'

const HEIGHT_PX = 180
const MINUTE_S = 60

export function LatencyChart({ series, shown }: { readonly series: DaySeries; readonly shown: DayHistory }) {
  const holder = useRef<HTMLDivElement>(null)
  const known = series.rttMs.some((rttMs) => rttMs !== null)
  const newest = series.rttMs.length === 0 ? '' : `${shown.from} ${shown.minutes}`

  useEffect(() => {
    const at = holder.current
    if (!at || !known) return
    const dark = matchMedia('(prefers-color-scheme: dark)')
    let end: (() => void) | null = null
    let gone = false
    const draw = async () => {
      const drawn = await drawChart(at, series, shown)
      end?.()
      end = drawn
      if (gone) drawn()
    }
    void draw()
    dark.addEventListener('change', draw)
    return () => {
      gone = true
      dark.removeEventListener('change', draw)
      end?.()
    }
  }, [series.id, newest, known])

  return known ? <div ref={holder} class="latency" role="img" aria-label={`Latency of ${series.name} over the last 24 hours`} /> : null
}

/** Returns what takes it away. */
async function drawChart(at: HTMLElement, { rttMs, jitterMs }: DaySeries, { from, minutes }: DayHistory): Promise<() => void> {
  const { default: Chart } = await import('uplot')
  const style = getComputedStyle(at)
  const colour = (name: string) => style.getPropertyValue(name).trim()
  const firstS = Date.parse(from) / 1_000 + (minutes - rttMs.length) * MINUTE_S
  const spread = (sign: 1 | -1) =>
    rttMs.map((ms, i) => {
      const jitter = jitterMs[i]
      return ms === null || jitter === null || jitter === undefined ? null : Math.max(0, ms + sign * jitter)
    })
  const rules = { stroke: colour('--rule'), width: 1 }
  const axis = { stroke: colour('--soft'), grid: rules, ticks: rules }
  const edge = { stroke: 'transparent', points: { show: false } } as const
  const chart = new Chart(
    {
      width: at.clientWidth,
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: true }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
      axes: [axis, { ...axis, size: 56, values: (_, values) => values.map((ms) => `${ms} ms`) }],
      series: [{}, { ...edge }, { ...edge }, { stroke: colour('--accent'), width: 1.5, points: { show: false } }],
      bands: [{ series: [1, 2], fill: colour('--band') }],
    },
    [rttMs.map((_, i) => firstS + i * MINUTE_S), spread(1), spread(-1), [...rttMs]],
    at,
  )
  const watcher = new ResizeObserver(() => chart.setSize({ width: at.clientWidth, height: HEIGHT_PX }))
  watcher.observe(at)
  return () => {
    watcher.disconnect()
    chart.destroy()
  }
}
