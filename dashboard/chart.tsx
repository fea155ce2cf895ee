// A chart of uPlot, which is loaded with the first one. It takes its colours
// from the style sheet, and is drawn anew where these change.
import { useEffect, useRef } from 'preact/hooks'
import 'uplot/dist/uPlot.min.css'

const HEIGHT_PX = 180
const DOT_PX = 6

type Values = readonly (number | null)[]

export interface ChartLines {
  /** What is shown, in seconds since 1970: also where nothing is known. */
  readonly fromS: number
  readonly endS: number
  readonly unit: string
  /** Of each value. */
  readonly atS: readonly number[]
  /** `colour`: a property of the style sheet. `isDotted`: each value is seen, since they are few. */
  readonly lines: readonly { readonly colour: string; readonly values: Values; readonly isDotted: boolean; readonly isDashed?: true }[]
  /** Its upper and lower edge. */
  readonly band: readonly [Values, Values] | null
}

/** `label`: for whoever can't see it. `version`: another one is another picture. */
export function Chart({ label, version, lines }: { readonly label: string; readonly version: string; readonly lines: ChartLines }) {
  const holder = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const at = holder.current
    if (!at) return
    const dark = matchMedia('(prefers-color-scheme: dark)')
    let end: (() => void) | null = null
    let gone = false
    const redraw = async () => {
      const drawn = await draw(at, lines)
      end?.()
      end = drawn
      if (gone) drawn()
    }
    void redraw()
    dark.addEventListener('change', redraw)
    return () => {
      gone = true
      dark.removeEventListener('change', redraw)
      end?.()
    }
  }, [version])
  return <div ref={holder} class="plot" role="img" aria-label={label} />
}

/** Returns what takes it away. */
async function draw(at: HTMLElement, { fromS, endS, unit, atS, lines, band }: ChartLines): Promise<() => void> {
  const { default: Plot } = await import('uplot')
  const style = getComputedStyle(at)
  const colour = (name: string) => style.getPropertyValue(name).trim()
  const rules = { stroke: colour('--rule'), width: 1 }
  const axis = { stroke: colour('--soft'), grid: rules, ticks: rules }
  const edge = { stroke: 'transparent', points: { show: false } } as const
  const drawn = lines.map((line) => ({
    ...{ stroke: colour(line.colour), width: 1.5 },
    ...(line.isDashed ? { dash: [5, 4] } : {}),
    points: { show: line.isDotted, size: DOT_PX, fill: colour(line.colour) },
  }))
  const plot = new Plot(
    {
      width: at.clientWidth,
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: true, range: [fromS, endS] }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
      axes: [
        { ...axis, values: (_, seconds) => seconds.map(hourOf) },
        { ...axis, size: 20 + 8 * `1000 ${unit}`.length, values: (_, values) => values.map((value) => `${value} ${unit}`) },
      ],
      series: [{}, ...drawn, ...(band ? [{ ...edge }, { ...edge }] : [])],
      bands: band ? [{ series: [lines.length + 1, lines.length + 2], fill: colour('--band') }] : [],
    },
    [[...atS], ...lines.map(({ values }) => [...values]), ...(band ?? []).map((values) => [...values])],
    at,
  )
  const watcher = new ResizeObserver(() => plot.setSize({ width: at.clientWidth, height: HEIGHT_PX }))
  watcher.observe(at)
  return () => {
    watcher.disconnect()
    plot.destroy()
  }
}

function hourOf(seconds: number): string {
  const at = new Date(seconds * 1_000)
  return `${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`
}
