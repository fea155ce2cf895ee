// A person pins the TURN of a running node.
import { expect, test } from 'vitest'
import { liveNode } from '../sim/live-node.ts'
import { kill, restart, slow } from '../sim/story.ts'
import { createWorld } from '../sim/world.ts'

test('who is pinned carries before a nearer one, also after a restart, and while it is gone nobody does', async () => {
  const world = createWorld()
  const leave = world.enter()
  liveNode(world, 'ash', {}, () => {})
  for (const name of ['birch', 'cedar']) liveNode(world, name, { seeds: ['ash:8088'] }, () => {})
  slow('me', 'birch', 30)(world)
  world.host('me', { behindNat: true })
  const me = liveNode(world, 'me', { seeds: ['ash:8088'], listen: null, tunnels: 1 }, () => {})
  const look = (): string => {
    const { node, turn, pins } = me.current.status()
    return `${node.state}: ${turn?.name} (${turn?.reason}), pinned ${pins?.map((key) => world.readable(key)) ?? 'nobody'}`
  }
  const seen: string[] = []
  const after = async (ms: number): Promise<void> => {
    await world.clock.advance(ms)
    seen.push(look())
  }
  await after(20_000)
  expect(me.current.pin(['birch'])).toEqual({ type: 'pinned', turns: [{ name: 'birch', address: '10.0.0.2:8088' }] })
  await after(5_000)
  restart('me')(world)
  await after(20_000)
  kill('birch')(world)
  await after(30_000)
  me.current.pin([])
  await after(10_000)
  leave()
  expect(seen).toEqual([
    'tunnelling.up: ash (least latency of 3: 10.0 ms; next cedar 10.0 ms), pinned nobody',
    'tunnelling.up: birch (pinned by a person: 60.0 ms), pinned birch',
    'tunnelling.up: birch (pinned by a person: 60.0 ms), pinned birch',
    'selectingTurn: undefined (undefined), pinned birch',
    'tunnelling.up: ash (least latency of 2: 10.0 ms; next cedar 10.0 ms), pinned nobody',
  ])
})
