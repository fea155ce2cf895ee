// Private networks: who has the secret finds everybody in it, also from behind NAT; who has not finds nobody and is found by nobody.
import { expect, test } from 'vitest'
import { p2prcPeer } from '../sim/p2prc-peer.ts'
import { kill, restart } from '../sim/story.ts'
import { perform } from './stage.ts'

const members = (...secrets: readonly string[]) => ({ options: { network: { type: 'private', secrets } } }) as const

test('members find one another; a stranger of an open network, one with another secret and a P2PRC node get into no table', async () => {
  const { tables, states } = await perform({
    cast: [
      { name: 'ash', seeds: ['elm'], ...members('s1') },
      { name: 'birch', seeds: ['ash'], ...members('s1') },
      { name: 'cedar', seeds: ['birch'], ...members('s1') },
      { name: 'elm', seeds: ['ash'] },
      { name: 'fir', seeds: ['ash', 'birch'], ...members('s2') },
    ],
    prepare: (world) => void p2prcPeer(world, 'gopher', 8_088, [`${world.host('ash').ip}:8088`]),
    forMs: 60_000,
    of: [],
  })
  expect(tables).toEqual(['ash: ash birch cedar', 'birch: ash birch cedar', 'cedar: ash birch cedar', 'elm: ', 'fir: '])
  expect(states).toEqual(['ash: serving', 'birch: serving', 'cedar: serving', 'elm: bootstrapping', 'fir: bootstrapping'])
})

test('a member behind NAT is carried by members, and by the next when its TURN is killed', async () => {
  const { tables, states, told } = await perform({
    cast: [
      { name: 'ash', ...members('s1') },
      { name: 'birch', seeds: ['ash'], ...members('s1') },
      { name: 'me', seeds: ['ash'], behindNat: true, ...members('s1') },
    ],
    script: [[20_000, kill('ash')]],
    forMs: 60_000,
    of: ['me'],
    only: ['node.reachability'],
  })
  expect(told.map((line) => line.replace(/^[\d.]+ /, '').replace(/:\d+ /, ':N '))).toEqual([
    'me node.reachability tunnelled 10.0.0.1:N ash',
    'me node.reachability tunnelled 10.0.0.2:N birch',
  ])
  expect(tables.slice(1)).toEqual(['birch: birch me', 'me: birch me'])
  expect(states[2]).toEqual('me: tunnelling.up')
})

test('while a secret is being replaced, nodes that prove the old one and nodes that prove the new one are one network', async () => {
  const { tables } = await perform({
    cast: [
      { name: 'ash', ...members('old') },
      { name: 'birch', seeds: ['ash'], ...members('old', 'new') },
      { name: 'cedar', seeds: ['birch'], ...members('new', 'old') },
    ],
    forMs: 60_000,
    of: [],
  })
  expect(tables[1]).toEqual('birch: ash birch cedar')
})

const reachableAtMs = (told: readonly string[], name: string): readonly number[] =>
  told.filter((line) => line.includes(` ${name} node.reachability tunnelled`)).map((line) => Number(line.split(' ')[0]))

test('a node behind NAT that is started again and again has a TURN each time, though its peers try its address only now and then', async () => {
  const { states, told } = await perform({
    cast: [
      { name: 'ash', ...members('s1') },
      { name: 'birch', seeds: ['ash'], ...members('s1') },
      { name: 'me', seeds: ['ash'], behindNat: true, ...members('s1') },
    ],
    script: [20, 40, 60].flatMap(
      (atS) =>
        [
          [atS * 1_000, kill('me')],
          [atS * 1_000 + 1_000, restart('me')],
        ] as const,
    ),
    forMs: 90_000,
    of: ['me'],
    only: ['node.reachability'],
  })
  const startedAtMs = [0, 21_000, 41_000, 61_000]
  const tookMs = reachableAtMs(told, 'me').map((ms, life) => ms - (startedAtMs[life] ?? 0))
  // Peers that may not try it decline: five times until it looks for a TURN, about every two seconds.
  expect([states[2], tookMs.length, tookMs.every((ms) => ms > 0 && ms < 15_000)]).toEqual(['me: tunnelling.up', 4, true])
})

test('all of six nodes behind one NAT have a TURN within ten seconds', async () => {
  const inner = ['a', 'b', 'c', 'd', 'e', 'f']
  const { states } = await perform({
    cast: [
      { name: 'ash', ...members('s1') },
      { name: 'birch', seeds: ['ash'], ...members('s1') },
      ...inner.map((name) => ({ name, seeds: ['ash'], behindNat: true, ...members('s1') })),
    ],
    prepare: (world) => {
      for (const name of inner) world.host(name).outerIp = world.host('a').outerIp
    },
    forMs: 10_000,
    of: [],
  })
  expect(states.slice(2)).toEqual(inner.map((name) => `${name}: tunnelling.up`))
})
