import { readdir, readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { drawMachine, drawModules } from '../scripts/draw-diagrams.ts'
import { allRooms, readModules, type Use, withoutImplied } from '../scripts/module-graph.ts'
import { ROOM_NOTES } from '../scripts/room-notes.ts'
import { allStates, walkChart } from '../src/feed/chart-walk.ts'
import { machines } from '../src/machines/index.ts'

const here = (path: string) => readFile(new URL(`../${path}`, import.meta.url), 'utf8')

describe.each(machines.map((machine) => [machine.id, machine] as const))('the machine %s', (id, machine) => {
  test('looks as its diagrams say; if not: npm run diagrams', async () => {
    for (const [file, content] of await drawMachine(machine, await here('dashboard/chart.css'))) {
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

describe('the packages of src', () => {
  test('look as their diagram says; if not: npm run diagrams', async () => {
    for (const [file, content] of await drawModules(await here('dashboard/chart.css'))) {
      expect(await here(`diagrams/${file}`), `diagrams/${file}`).toEqual(content)
    }
  })

  test('no line in scripts/room-notes.ts is about a room that is gone', async () => {
    const drawn = [...(await here('diagrams/modules.svg')).matchAll(/data-room="([^"]*)"/g)].map(([, path]) => path)
    expect(Object.keys(ROOM_NOTES).filter((path) => !drawn.includes(path))).toEqual([])
  })

  test('are read as rooms inside rooms, with who uses whom among those of one room', () => {
    const root = readModules(
      new Map([
        ['main.ts', "import './deep/run.ts'"],
        ['main-flags.ts', "import { a } from './flat/a.ts'"],
        ['deep/run.ts', "import { b } from './inner/b.ts'\nimport type { A } from '../flat/a.ts'"],
        ['deep/inner/b.ts', "import { a } from '../../flat/a.ts'\nimport { c } from '../other/c.ts'"],
        ['deep/other/c.ts', "import type { Run } from '../run.ts'\nimport 'left-pad'"],
        ['flat/a.ts', "import { more } from './more.ts'"],
        ['flat/more.ts', ''],
      ]),
    )
    const told = (uses: readonly Use[]) => uses.map(({ from, to, typeOnly }) => `${from} > ${to}${typeOnly ? ' types' : ''}`)
    expect(allRooms(root).map(({ path, uses }) => [path, ...told(uses)])).toEqual([
      ['', 'deep > flat', 'main.ts > deep', 'main.ts > flat'],
      ['deep', 'deep/inner > deep/other', 'deep/other > deep/run.ts types', 'deep/run.ts > deep/inner'],
      ['deep/inner'],
      ['deep/other'],
      ['deep/run.ts'],
      ['flat'],
      ['main.ts'],
    ])
  })

  test.each<[string, string, string]>([
    ['a way of two', 'a>b b>c a>c', 'a>b b>c'],
    ['a way of three', 'a>b b>c c>d a>d', 'a>b b>c c>d'],
    ['two ways that imply nothing', 'a>b a>c b>d c>d', 'a>b a>c b>d c>d'],
    ['a circle', 'a>b b>a a>c b>c', 'a>b b>a a>c b>c'],
    ['a circle on the way', 'a>b b>c c>b c>d a>d', 'a>b b>c c>b c>d'],
    ['a way of types alone, which implies no use of what is run', 'a>b b-c a>c', 'a>b b-c a>c'],
    ['a use of types, which any way implies', 'a>b b-c a-c', 'a>b b-c'],
  ])('of %s the arrows drawn are those that nothing else implies', (_, uses, expected) => {
    const read = uses.split(' ').map((use): Use => ({ from: use[0] ?? '', to: use[2] ?? '', typeOnly: use[1] === '-' }))
    const drawn = withoutImplied(read).map(({ from, to, typeOnly }) => `${from}${typeOnly ? '-' : '>'}${to}`)
    expect(drawn.join(' ')).toEqual(expected)
  })
})

test('there is no diagram without what it shows', async () => {
  const files = await readdir(new URL('../diagrams/', import.meta.url))
  expect(files.filter((file) => /\.(mmd|svg)$/.test(file)).toSorted()).toEqual(
    [...machines.map(({ id }) => id), 'modules'].flatMap((name) => [`${name}.mmd`, `${name}.svg`]).toSorted(),
  )
})
