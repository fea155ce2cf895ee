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
