import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DatagramPort } from '../../src/frp/contract.ts'
import { blackHole, kill, lossy, refuse, slow } from './story.ts'
import { createWorld, type World } from './world.ts'

let world: World
let leave: () => void
let told: string[]
beforeEach(() => {
  world = createWorld({ seed: 3 })
  leave = world.enter()
  told = []
  for (const name of ['ash', 'elm']) world.host(name)
  for (const name of ['oak', 'yew']) world.host(name, { behindNat: true })
})
afterEach(() => leave())

const openOn = async (name: string, port: number): Promise<DatagramPort> => {
  const opened = await world.clock.until(
    world.ports(name).network.openDatagrams(`0.0.0.0:${port}`, (bytes, from) => {
      told.push(`${Math.round(world.clock.now() * 100) / 100} ${name} got ${bytes.toString()} from ${from.host}:${from.port}`)
    }),
  )
  if (opened.type === 'failed') throw new Error(opened.text)
  return opened
}
const outer = (name: string, port: number) => ({ host: world.host(name).outerIp, port })

test('a datagram takes as long as its route', async () => {
  const ash = await openOn('ash', 50_000)
  await openOn('elm', 53)
  slow('ash', 'elm', 70)(world)
  ash.send(Buffer.from('hello'), outer('elm', 53))
  await world.clock.advance(1_000)
  expect(told).toEqual(['70 elm got hello from 10.0.0.1:50000'])
})

test('what the route loses is lost for good', async () => {
  const ash = await openOn('ash', 50_000)
  await openOn('elm', 53)
  lossy('ash', 'elm', 0.5)(world)
  for (let i = 0; i < 1_000; i++) ash.send(Buffer.from('x'), outer('elm', 53))
  await world.clock.advance(60_000)
  expect(told.length > 400 && told.length < 600).toBe(true)
})

test('a NAT lets in only answers from where its host has sent to', async () => {
  const [ash, elm, oak, yew] = [await openOn('ash', 53), await openOn('elm', 53), await openOn('oak', 4_000), await openOn('yew', 4_000)]
  ash.send(Buffer.from('too early'), outer('oak', 4_000))
  yew.send(Buffer.from('from behind another'), outer('oak', 4_000))
  await world.clock.advance(100)
  oak.send(Buffer.from('question'), outer('ash', 53))
  await world.clock.advance(100)
  ash.send(Buffer.from('answer'), outer('oak', 4_000))
  elm.send(Buffer.from('nobody asked'), outer('oak', 4_000))
  await world.clock.advance(100)
  expect(told).toEqual([
    `105 ash got question from ${world.host('oak').outerIp}:4000`,
    `205 oak got answer from ${world.host('ash').ip}:53`,
  ])
})

test('hosts that are dead, swallowed or refuse everything hear nothing, and what the dead had sent still arrives', async () => {
  const [ash, elm] = [await openOn('ash', 50_000), await openOn('elm', 53)]
  refuse('elm')(world)
  ash.send(Buffer.from('refused'), outer('elm', 53))
  await world.clock.advance(100)
  world.host('elm').refusing = false
  blackHole('elm')(world)
  ash.send(Buffer.from('swallowed'), outer('elm', 53))
  await world.clock.advance(100)
  world.host('elm').blackHole = false
  elm.send(Buffer.from('last words'), outer('ash', 50_000))
  kill('elm')(world)
  elm.send(Buffer.from('from the grave'), outer('ash', 50_000))
  ash.send(Buffer.from('farewell'), outer('elm', 53))
  await world.clock.advance(100)
  expect(told).toEqual(['205 ash got last words from 10.0.0.2:53'])
})
