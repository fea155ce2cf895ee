// Knocks at the address of a node behind a TURN, which is a host of the virtual network here.
import { expect, test } from 'vitest'
import { createKnocks, type Knocks } from '../../../src/actors/turn/knocks.ts'
import { blackHole, kill } from '../../sim/story.ts'
import { createWorld, type World } from '../../sim/world.ts'

const PORT = 20_000

/** How the address treats what comes: hands its path to the node, answers, or neither. */
type Carrying = 'all' | 'nothing' | 'one way' | 'another node' | 'cuts'

async function knockAt(carrying: Carrying, before: (world: World) => void = () => {}) {
  const world = createWorld()
  const leave = world.enter()
  try {
    const { ip } = world.host('turn')
    world.host('me')
    const { clock, random, network } = world.ports('me')
    const paths: string[] = []
    let knocks: Knocks | null = null
    await world.ports('turn').network.listen(`0.0.0.0:${PORT}`, (accepted) => {
      const { link } = accepted.open(null)
      link.on('error', () => {})
      link.on('data', (bytes) => {
        const path = bytes.toString().split(' ')[1] ?? ''
        paths.push(path)
        if (carrying === 'all' || carrying === 'one way') knocks?.heard(path)
        if (carrying === 'all' || carrying === 'another node') link.write(Buffer.from('HTTP/1.1 403 Forbidden\r\n\r\n'))
        if (carrying === 'cuts') link.destroy()
      })
    })
    knocks = createKnocks({ clock, random, network })
    before(world)
    const knocking = knocks
    const isThere = await world.clock.until(knocking.at(`${ip}:${PORT}`, 3_000))
    const tookMs = Math.round(clock.now())
    for (const path of paths) knocking.heard(path)
    await world.clock.advance(100)
    return { isThere, tookMs, paths, timers: world.clock.timerCount }
  } finally {
    leave()
  }
}

test.each<[string, Carrying, boolean, number]>([
  ['is heard and answered', 'all', true, 20],
  ['is neither', 'nothing', false, 3_000],
  ['is heard and not answered', 'one way', false, 3_000],
  ['is answered by somebody else', 'another node', false, 3_000],
  ['is cut off', 'cuts', false, 50],
])('a knock that %s', async (_, carrying, expected, tookMs) => {
  const { isThere, tookMs: took, paths, timers } = await knockAt(carrying)
  expect([isThere, took <= tookMs, timers]).toEqual([expected, true, 0])
  expect(paths).toEqual([expect.stringMatching(/^\/v2\/knock\/[0-9a-f]{16}$/)])
})

test.each<[string, (world: World) => void, number]>([
  ['is dead', kill('turn'), 20],
  ['is silent', blackHole('turn'), 3_000],
])('a knock at a TURN that %s comes to nothing in its time', async (_, before, withinMs) => {
  const { isThere, tookMs, timers } = await knockAt('all', before)
  expect([isThere, tookMs <= withinMs, timers]).toEqual([false, true, 0])
})
