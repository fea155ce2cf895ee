import { expect, test } from 'vitest'
import type { Script } from './story.ts'
import { blackHole, cut, flap, heal, kill, lossy, play, restart, unBlackHole } from './story.ts'
import type { World, WorldPorts } from './world.ts'

const names = ['ash', 'elm', 'oak']
const script: Script = [
  [2_000, lossy('ash', 'elm', 0.3)],
  [5_000, cut('elm', 'oak')],
  [9_000, heal('elm', 'oak')],
  [10_000, flap('ash', 'oak', 1_000, 3)],
  [15_000, kill('elm')],
  [18_000, restart('elm')],
  [20_000, blackHole('oak')],
  [24_000, unBlackHole('oak')],
]

/** Everybody serves, and asks somebody by chance every now and then. */
function begin(world: World): () => readonly string[] {
  const told: string[] = []
  world.network.onHappening = (text) => told.push(text)
  world.network.defaults.jitterMs = 2
  const live = (name: string, { http, clock, random }: WorldPorts) => {
    void http.serve({ address: '0.0.0.0:80', onRequest: async () => ({ status: 200, body: random.bytes(10_000) }) })
    const ask = async (): Promise<void> => {
      const to = names[Math.floor(random.fraction() * names.length)] ?? name
      const answer = await http.request(`${to}:80`, { method: 'GET', path: '/', timeoutMs: 1_000 })
      const what = answer.type === 'failed' ? answer.reason : `${answer.status} ${answer.body.subarray(0, 4).toString('hex')}`
      told.push(`${clock.now()} ${name} asked ${to}: ${what}`)
      clock.setTimeout(() => void ask(), 100 + random.fraction() * 400)
    }
    void ask()
  }
  for (const name of names) {
    live(name, world.ports(name))
    world.onRestart(name, (ports) => live(name, ports))
  }
  return () => told
}

const live = (seed: number) => play(script, { seed, forMs: 30_000, begin })

test('the same seed and script tell the same story twice, another seed another', async () => {
  const [once, again, other] = [await live(1), await live(1), await live(2)]
  expect(once).toEqual(again)
  expect(once.length > 150).toBe(true)
  expect(once).not.toEqual(other)
  const reasons = new Set(once.map((line) => line.split(' ').at(-1)))
  expect(['refused', 'timeout', 'unreachable'].filter((reason) => reasons.has(reason))).toEqual(['refused', 'timeout', 'unreachable'])
})

test('an identity is a name and a seed; a store outlives a kill', async () => {
  const read = (world: World) => () => {
    const { id, publicKey, sign, verify, idOf } = world.ports('ash').identity
    const bytes = Buffer.from('a record')
    const signature = sign(bytes)
    return {
      id,
      signature,
      isOwn: idOf(publicKey) === id,
      holds: [verify(publicKey, bytes, signature), verify(publicKey, Buffer.from('another'), signature)],
      differs: world.ports('elm').identity.id !== id,
    }
  }
  const [once, again] = [await play([], { forMs: 0, begin: read }), await play([], { forMs: 0, begin: read })]
  expect(once).toEqual(again)
  expect([once.id.length, once.isOwn, once.holds, once.differs]).toEqual([32, true, [true, false], true])
})
