import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { drawDiagrams } from '../scripts/draw-diagrams.ts'
import { allStates, walkChart } from '../src/feed/chart-walk.ts'
import { machines } from '../src/machines/index.ts'

const here = (path: string) => readFile(new URL(`../${path}`, import.meta.url), 'utf8')

describe.each(machines.map((machine) => [machine.id, machine] as const))('the machine %s', (id, machine) => {
  test('looks as its diagrams say; if not: npm run diagrams', async () => {
    for (const [file, content] of await drawDiagrams(machine, await here('dashboard/chart.css'))) {
      expect(await here(`diagrams/${file}`), `diagrams/${file}`).toEqual(content)
    }
  })

  test('has each of its states in the drawing, once', async () => {
    const svg = await here(`diagrams/${id}.svg`)
    const drawn = [...svg.matchAll(/data-state="([^"]*)"/g)].map(([, path]) => path)
    expect(drawn.toSorted()).toEqual(
      allStates(walkChart(machine).root)
        .map(({ path }) => path)
        .toSorted(),
    )
  })
})

test('there is no diagram without its machine', async () => {
  const files = await readdir(new URL('../diagrams/', import.meta.url))
  expect(files.filter((file) => /\.(mmd|svg)$/.test(file)).toSorted()).toEqual(
    machines.flatMap(({ id }) => [`${id}.mmd`, `${id}.svg`]).toSorted(),
  )
})
