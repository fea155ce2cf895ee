import { datagramContract } from '../contracts/datagrams.ts'
import { httpContract } from '../contracts/http.ts'
import { networkContract } from '../contracts/network.ts'
import { storeContract } from '../contracts/store.ts'
import { MemoryStore } from './memory-store.ts'
import { createWorld } from './world.ts'

/** Two hosts of a world, and its clock as the time that passes. */
function virtualPair() {
  const world = createWorld({ seed: 7 })
  const leave = world.enter()
  const [ash, elm] = [world.ports('ash'), world.ports('elm')]
  return {
    ash,
    elm,
    elmHost: world.host('elm').ip,
    until: <T>(promise: Promise<T>): Promise<T> => world.clock.until(promise, 60_000),
    elapse: (ms: number): Promise<void> => world.clock.advance(ms),
    end: async (): Promise<void> => leave(),
  }
}

networkContract('the virtual network', () => {
  const { ash, elm, elmHost, ...time } = virtualPair()
  return { near: ash.network, far: elm.network, farHost: elmHost, ...time }
})

datagramContract('the virtual network', () => {
  const { ash, elm, elmHost, ...time } = virtualPair()
  return { near: ash.network, far: elm.network, farHost: elmHost, ...time }
})

httpContract('the virtual network', () => {
  const { ash, elm, elmHost, ...time } = virtualPair()
  return {
    client: ash.http,
    server: elm.http,
    clientNetwork: ash.network,
    serverNetwork: elm.network,
    serverHost: elmHost,
    ...time,
  }
})

storeContract('the store of a world', () => {
  const store = new MemoryStore()
  return () => store
})
