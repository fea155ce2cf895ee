import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import Elk from 'elkjs/lib/elk.bundled.js'
import type { AnyStateMachine } from 'xstate'
import { walkChart } from '../src/feed/chart-walk.ts'
import { toMermaid } from '../src/feed/mermaid.ts'
import { toSvg } from './chart-svg.ts'
import { readModules, readSources, toModulesMermaid } from './module-graph.ts'
import { toModulesSvg } from './modules-svg.ts'

type Files = readonly (readonly [file: string, content: string])[]

/** Both pictures of one machine, by file name. */
export async function drawMachine(machine: AnyStateMachine, css: string): Promise<Files> {
  const chart = walkChart(machine)
  return [
    [`${chart.id}.mmd`, toMermaid(chart)],
    [`${chart.id}.svg`, await toSvg(chart, css, new Elk.default())],
  ]
}

/** Both pictures of the packages of src. */
export async function drawModules(css: string): Promise<Files> {
  const root = readModules(readSources(fileURLToPath(new URL('../src/', import.meta.url))))
  const more = await readFile(new URL('./modules.css', import.meta.url), 'utf8')
  return [
    ['modules.mmd', toModulesMermaid(root)],
    ['modules.svg', await toModulesSvg(root, css + more, new Elk.default())],
  ]
}
