// How tables become one, whatever the order in which nodes start, and what faults do to them.
import { describe, expect, test } from 'vitest'
import { cut, cutOneWay, garbagePeer, heal, heals, kill, move, partition, silentPeer } from '../sim/story.ts'
import type { World } from '../sim/world.ts'
import { perform } from './stage.ts'

const chain = ['ash', 'birch', 'cedar', 'elm', 'fir']
const everybody = (names: readonly string[]) => names.map((name) => `${name}: ${[...names].sort().join(' ')}`)

describe('joining', () => {
  test('a chain of five started at one instant knows everybody everywhere within a second', async () => {
    const { tables, completeAtMs, states } = await perform({
      cast: chain.map((name, i) => ({ name, seeds: [chain[i + 1] ?? 'elm'] })),
      forMs: 5_000,
      of: [],
    })
    expect(tables).toEqual(everybody(chain))
    expect(states).toEqual(chain.map((name) => `${name}: serving`))
    expect(completeAtMs).toMatchInlineSnapshot(`
      {
        "ash": 275,
        "birch": 207,
        "cedar": 155,
        "elm": 205,
        "fir": 275,
      }
    `)
  })
  test('nine that join one root at one instant know everybody everywhere within two seconds', async () => {
    const names = ['root', ...Array.from({ length: 9 }, (_, i) => `n${i}`)]
    const { tables, completeAtMs } = await perform({
      cast: names.map((name) => ({ name, seeds: name === 'root' ? [] : ['root'] })),
      forMs: 5_000,
      of: [],
    })
    expect(tables).toEqual(everybody(names))
    expect(Math.max(...Object.values(completeAtMs).map((ms) => ms ?? Number.POSITIVE_INFINITY))).toMatchInlineSnapshot(`175`)
  })
  test('every seed of chance comes to complete tables', async () => {
    for (let seed = 2; seed < 12; seed++) {
      const { tables } = await perform({
        cast: chain.map((name, i) => ({ name, seeds: [chain[(i + 2) % 5] ?? ''] })),
        forMs: 5_000,
        of: [],
        seed,
      })
      expect({ seed, tables }).toEqual({ seed, tables: everybody(chain) })
    }
  })
})

describe('faults', () => {
  const four = ['ash', 'birch', 'cedar', 'elm']
  const cast = four.map((name, i) => ({ name, seeds: i === 0 ? [] : ['ash'] }))
  const only = ['peer.suspected', 'peer.removed', 'peer.added'] as const

  test.each([1, 2, 3])(
    'who moves while the way to one peer is cut stands in its table within a minute of the cut’s end (%i)',
    async (seed) => {
      const { told, tables } = await perform({
        cast,
        script: [
          [10_000, cut('ash', 'elm')],
          [20_000, move('elm')],
          [35_000, heal('ash', 'elm')],
        ],
        forMs: 95_000,
        of: ['ash'],
        only: ['peer.added', 'peer.changed', 'peer.reachedByOthers', 'peer.removed'],
        seed,
      })
      expect(tables).toEqual(everybody(four))
      // Others reached it all the time.
      expect(told.filter((line) => /removed/.test(line))).toEqual([])
      expect(told.findLast((line) => / elm elm /.test(line))).toMatch(/ash peer\.changed elm elm 10\.1\./)
    },
  )

  test('whoever is carried by a TURN stands in all tables again soon after that TURN does', async () => {
    const { tables } = await perform({
      cast: [...cast, { name: 'me', seeds: ['ash'], behindNat: true }],
      script: [
        [15_000, partition(['ash', 'birch'], ['cedar', 'elm', 'me'])],
        [40_000, heals(['ash', 'birch'], ['cedar', 'elm', 'me'])],
      ],
      forMs: 100_000,
      of: [],
    })
    expect(tables).toEqual(everybody([...four, 'me']))
  })

  test('the two halves of a partition forget each other, and find each other once it is healed', async () => {
    const [one, other] = [
      ['ash', 'birch'],
      ['cedar', 'elm'],
    ]
    const script = [
      [10_000, partition(one ?? [], other ?? [])],
      [60_000, heals(one ?? [], other ?? [])],
    ] as const
    const { told, tables } = await perform({ cast, of: ['birch'], only, script, forMs: 120_000 })
    expect(tables).toEqual(everybody(four))
    expect(told).toMatchInlineSnapshot(`
      [
        "60 birch peer.added ash ash 10.0.0.1:8088",
        "165 birch peer.added cedar cedar 10.0.0.3:8088",
        "170 birch peer.added elm elm 10.0.0.4:8088",
        "10030.1 birch peer.suspected elm elm 10.0.0.4:8088 no route to that host",
        "10310.2 birch peer.suspected cedar cedar 10.0.0.3:8088 no route to that host",
        "16900.1 birch peer.removed cedar cedar 10.0.0.3:8088 no route to that host",
        "17400.1 birch peer.removed elm elm 10.0.0.4:8088 no route to that host",
        "61082.58 birch peer.added cedar cedar 10.0.0.3:8088",
        "61244.58 birch peer.added elm elm 10.0.0.4:8088",
      ]
    `)
  })
  test('whom this node can’t reach in one direction, and others do, both keep each other, and nobody is told of it', async () => {
    const { told, tables } = await perform({
      cast,
      only: [...only, 'peer.reachedByOthers'],
      of: four,
      script: [[10_000, cutOneWay('ash', 'elm')]],
      forMs: 120_000,
    })
    expect(tables).toEqual(everybody(four))
    expect(told.filter((line) => Number(line.split(' ')[0]) >= 10_000).map((line) => line.split(' ').slice(1, 4).join(' '))).toEqual([
      'ash peer.reachedByOthers elm',
      'elm peer.reachedByOthers ash',
    ])
  })
  test('a server that is gone is suspected, asked again, then removed everywhere', async () => {
    const { told, tables } = await perform({ cast, only, of: ['ash', 'birch', 'cedar'], script: [[10_000, kill('elm')]], forMs: 30_000 })
    expect(tables.slice(0, 3)).toEqual(['ash: ash birch cedar', 'birch: ash birch cedar', 'cedar: ash birch cedar'])
    expect(told.filter((line) => Number(line.split(' ')[0]) >= 10_000)).toMatchInlineSnapshot(`
      [
        "10015 ash peer.suspected elm elm 10.0.0.4:8088 connection refused",
        "10015 birch peer.suspected elm elm 10.0.0.4:8088 connection refused",
        "10015 cedar peer.suspected elm elm 10.0.0.4:8088 connection refused",
        "10510 cedar peer.removed elm elm 10.0.0.4:8088 connection refused",
        "10510 ash peer.removed elm elm 10.0.0.4:8088 connection refused",
        "10510 birch peer.removed elm elm 10.0.0.4:8088 connection refused",
      ]
    `)
  })
  test('a peer that answers garbage and one that never answers delay nobody and get into no table', async () => {
    const prepare = (world: World): void => {
      world.host('bad')
      world.host('mute')
      garbagePeer(world, 'bad', 8_088)
      silentPeer(world, 'mute', 8_088)
    }
    const { tables, completeAtMs } = await perform({
      cast: [{ name: 'ash' }, { name: 'birch', seeds: ['bad', 'mute', 'ash'] }],
      of: [],
      prepare,
      forMs: 60_000,
    })
    expect(tables).toEqual(['ash: ash birch', 'birch: ash birch'])
    expect(completeAtMs).toMatchInlineSnapshot(`
      {
        "ash": 95,
        "birch": 60,
      }
    `)
  })
})
