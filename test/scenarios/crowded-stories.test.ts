// What a network does whose machines have more to run than processors: it puts off what can wait, and nothing that others wait for.
import { expect, test } from 'vitest'
import { blackHole, kill, restart } from '../sim/story.ts'
import { type Actor, perform } from './stage.ts'

const CROWDED = 0.7
const HOUR = 3_600_000

/** All start from the first. */
const crowd = (names: readonly string[], waitedShare = CROWDED): readonly Actor[] =>
  names.map((name, i) => ({ name, seeds: names.slice(0, Math.min(i, 1)), waitedShare }))

const msOf = (line: string | undefined): number => Number(line?.split(' ')[0] ?? Number.NaN)

test('who falls silent where all are crowded is suspected and removed everywhere within a minute', async () => {
  const others = ['ash', 'birch', 'cedar']
  const { told, tables } = await perform({
    cast: crowd([...others, 'elm']),
    only: ['peer.suspected', 'peer.removed'],
    of: others,
    script: [[20_000, blackHole('elm')]],
    forMs: 80_000,
  })
  expect(told.map((line) => line.split(' ').slice(1, 4).join(' ')).sort()).toEqual(
    others.flatMap((name) => [`${name} peer.removed elm`, `${name} peer.suspected elm`]),
  )
  expect(tables.slice(0, 3)).toEqual(others.map((name) => `${name}: ${others.join(' ')}`))
})

test('a newcomer behind NAT whose seed is crowded is carried as soon as where it is calm', async () => {
  const carried = async (waitedShare: number): Promise<readonly string[]> => {
    const { told } = await perform({
      cast: [...crowd(['ash', 'birch'], waitedShare), { name: 'me', seeds: ['ash'], behindNat: true }],
      only: ['node.reachability'],
      of: ['me'],
      forMs: 60_000,
    })
    return told
  }
  const [calm, crowded] = [await carried(0), await carried(CROWDED)]
  expect([crowded, crowded.length]).toEqual([calm, 1])
})

test('who was away for two hours and comes back is measured within a second of being listed', async () => {
  const { told } = await perform({
    cast: crowd(['ash', 'birch'], 0),
    only: ['peer.added', 'peer.measured'],
    of: ['ash'],
    script: [
      [60_000, kill('birch')],
      // What it knows of birch by now it has from its file.
      [60_001, restart('ash')],
      [2 * HOUR, restart('birch')],
    ],
    forMs: 2 * HOUR + 60_000,
  })
  const returned = told.filter((line) => msOf(line) >= 2 * HOUR && line.includes(' birch'))
  const soon = returned.filter((line) => msOf(line) < msOf(returned[0]) + 1_000)
  expect(soon.map((line) => line.split(' ').slice(1, 4).join(' '))).toEqual(['ash peer.added birch', 'ash peer.measured birch'])
})
