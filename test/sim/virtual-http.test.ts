import { expect, test } from 'vitest'
import { isFailure, type PeerRequest } from '../../src/ports.ts'
import { createWorld } from './world.ts'

const ASK: PeerRequest = { method: 'GET', path: '/', over: 'channel', timeoutMs: 5_000 }

test('a warm connection that the other end closes is told of, and none that this end closes', async () => {
  const world = createWorld({ seed: 7 })
  const leave = world.enter()
  const [ash, elm] = [world.ports('ash'), world.ports('elm')]
  const port = await world.clock.until(
    elm.http.serve({ address: `${world.host('elm').ip}:0`, onRequest: async () => ({ status: 200, body: 'ok' }) }),
    5_000,
  )
  if (isFailure(port)) throw new Error(port.text)
  const address = `${world.host('elm').ip}:${port.port}`
  const told: string[] = []
  ash.http.onClosed((closed) => told.push(closed))
  const ask = () => world.clock.until(ash.http.request(address, ASK), 5_000)

  await ask()
  ash.http.dropWarm()
  await world.clock.advance(1_000)
  await ask()
  await world.clock.advance(150_000) // it is idle for too long
  expect(told).toEqual([])

  await ask()
  await Promise.all([port.close(), world.clock.advance(1_000)])
  expect(told).toEqual([address])
  leave()
})

test('a handshake over the channel that takes long has another one begun beside it, and in clear it has not', async () => {
  const took: number[] = []
  for (const over of ['channel', 'clear'] as const) {
    const world = createWorld({ seed: 7 })
    const leave = world.enter()
    const [ash, elm] = [world.ports('ash'), world.ports('elm')]
    const port = await world.clock.until(
      elm.http.serve({ address: `${world.host('elm').ip}:0`, onRequest: async () => ({ status: 200, body: 'ok' }) }),
      5_000,
    )
    if (isFailure(port)) throw new Error(port.text)
    const route = world.network.route('ash', 'elm')
    route.state = 'silent'
    world.clock.setTimeout(() => {
      route.state = 'up'
    }, 100)
    const startMs = world.clock.now()
    const answer = await world.clock.until(ash.http.request(`${world.host('elm').ip}:${port.port}`, { ...ASK, over }), 5_000)
    expect(answer).toMatchObject({ status: 200, timing: { connectMs: over === 'channel' ? 10 : 1_010 } })
    took.push(Math.floor((world.clock.now() - startMs) / 100))
    leave()
  }
  expect(took).toEqual([4, 10])
})
