import { expect, test } from 'vitest'
import { liveNode, NODE_PORT } from './live-node.ts'
import { kill, play, restart, type Script, tell } from './story.ts'
import type { World } from './world.ts'

const script: Script = [
  [20_000, kill('elm')],
  [40_000, restart('elm')],
]

/** Three nodes that know one another through `ash`, one of them behind a NAT, and what all of them tell. */
function begin(world: World): () => { readonly told: readonly string[]; readonly tables: readonly string[] } {
  const told: string[] = []
  world.host('ash')
  world.host('oak', { behindNat: true })
  const nodes = ['ash', 'elm', 'oak'].map((name) =>
    liveNode(world, name, { seeds: name === 'ash' ? [] : [`${world.host('ash').ip}:${NODE_PORT}`] }, (node) => {
      tell(world, node, { into: told, named: true })
    }),
  )
  const tables = (): readonly string[] =>
    nodes.map(
      ({ name, current }) =>
        `${name}: ${current
          .peers()
          .peers.map((peer) => peer.name)
          .sort()
          .join(' ')}`,
    )
  return () => ({ told, tables: tables() })
}

test('nodes live in the world, die and come back, and tell the same story twice', async () => {
  const [once, again] = [await play(script, { seed: 5, forMs: 60_000, begin }), await play(script, { seed: 5, forMs: 60_000, begin })]
  expect(once).toEqual(again)
  expect(once.tables).toEqual(['ash: ash elm oak', 'elm: ash elm oak', 'oak: ash elm oak'])
})
