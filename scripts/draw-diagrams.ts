import Elk from 'elkjs/lib/elk.bundled.js'
import type { AnyStateMachine } from 'xstate'
import { walkChart } from '../src/feed/chart-walk.ts'
import { toMermaid } from '../src/feed/mermaid.ts'
import { toSvg } from './chart-svg.ts'

/** Both pictures of one machine, by file name. */
export async function drawDiagrams(machine: AnyStateMachine, css: string): Promise<readonly (readonly [file: string, content: string])[]> {
  const chart = walkChart(machine)
  return [
    [`${chart.id}.mmd`, toMermaid(chart)],
    [`${chart.id}.svg`, await toSvg(chart, css, new Elk.default())],
  ]
}
