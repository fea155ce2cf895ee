import { expect, test } from 'vitest'
import { createFrpClient } from '../../../src/frp/client/client.ts'
import { perform } from '../../scenarios/stage.ts'
import { liveNode, NODE_PORT } from '../../sim/live-node.ts'
import { play, tell } from '../../sim/story.ts'
import type { World } from '../../sim/world.ts'

/** A stock client on a machine of its own, for a second from that moment on. */
function clientAt(world: World, name: string, token: string, atMs: number): void {
  const { clock, network, random } = world.ports(name)
  const client = createFrpClient({
    clock,
    randomBytes: (count) => random.bytes(count),
    dialServer: () => network.dial(`${world.host('turn').ip}:${NODE_PORT}`, { timeoutMs: 5_000 }),
    dialLocal: (target) => network.dial(target, { timeoutMs: 5_000 }),
    token,
    mux: true,
    tls: false,
    wire: 1,
    poolCount: 0,
    runId: '',
    keepaliveMs: 0,
    silenceMs: 0,
    peerIsOurs: false,
    tell: () => {},
  })
  world.clock.setTimeout(() => client.start(), atMs)
  world.clock.setTimeout(() => client.end('enough'), atMs + 1_000)
}

test('a client that logged in arrives and leaves; one that is refused does neither', async () => {
  const told = await play([], {
    forMs: 10_000,
    begin: (world) => {
      for (const name of ['turn', 'ours', 'wrong']) world.host(name)
      const node = liveNode(world, 'turn', { turnTokens: () => ['secret'] })
      clientAt(world, 'ours', 'secret', 1_000)
      clientAt(world, 'wrong', 'guess', 4_000)
      const lines = tell(world, node.current, { only: ['client.arrived', 'client.left', 'client.refused'] })
      return () => lines
    },
  })
  expect(told.map((line) => line.replace(/^[\d.]+ /, '').replaceAll(/:\d+ /g, ':N '))).toEqual([
    'client.arrived hex1 10.0.0.2:N 0.45.0 null',
    'client.left hex1 10.0.0.2:N the control connection was lost',
    "client.refused 10.0.0.3:N token in login doesn't match token from configuration",
  ])
})

test('a node that is carried is told by the id that it has proven', async () => {
  const { told } = await perform({
    cast: [{ name: 'ash' }, { name: 'me', seeds: ['ash'], behindNat: true, options: { listen: null } }],
    of: ['ash'],
    only: ['client.arrived', 'peer.added'],
    script: [],
    forMs: 10_000,
  })
  const [added = '', arrived = ''] = ['peer.added', 'client.arrived'].flatMap((type) => told.filter((line) => line.includes(type)))
  expect(arrived).toMatch(/ 0\.45\.0 \S+$/)
  expect(added).toContain(arrived.split(' ').at(-1))
})
