import { expect, test } from 'vitest'
import { type LiveNode, liveNode, NODE_PORT } from './live-node.ts'
import { p2prcPeer } from './p2prc-peer.ts'
import { play } from './story.ts'

test('nodes and a P2PRC peer that starts from one of them list one another, and one behind NAT gets a port of its frps', async () => {
  const told = await play([], {
    seed: 1,
    forMs: 20_000,
    begin: (world) => {
      world.host('hidden', { behindNat: true })
      const seeds = [`${world.host('ash').ip}:${NODE_PORT}`]
      const ash = liveNode(world, 'ash', { offer: 'nobody' })
      p2prcPeer(world, 'gopher', 8_088, seeds)
      const hidden = liveNode(world, 'hidden', { seeds, listen: null })
      const listed = (node: LiveNode) => node.current.peers().peers.some(({ name, dialect }) => name === 'gopher' && dialect === 'p2prc')
      return () => [listed(ash), listed(hidden), hidden.current.status().node.state, hidden.current.status().turn?.name]
    },
  })
  expect(told).toEqual([true, true, 'tunnelling.up', 'gopher'])
})
