// A host that is nothing but an frps, as one is named in a configuration. It listens again after a restart.
import type { FrpServerFact } from '../../src/frp/contract.ts'
import { createFrpServer } from '../../src/frp/server/server.ts'
import { isFailure } from '../../src/ports.ts'
import type { World, WorldPorts } from './world.ts'

export const FRPS_PORT = 7_000

type Tell = (fact: FrpServerFact, atMs: number) => void

/** Opens an frps on a host's port, once. `tell` is given each fact with its time. */
export function serveFrps({ clock, random, network }: WorldPorts, port: number, token: string, tell: Tell = () => {}): void {
  const server = createFrpServer({
    clock,
    randomBytes: (count) => random.bytes(count),
    listen: async (address, onLink) => {
      const listening = await network.listen(address, onLink)
      return isFailure(listening) ? listening : { type: 'listening', port: listening.port, close: () => listening.close() }
    },
    openDatagrams: (address, onDatagram) => network.openDatagrams(address, onDatagram),
    bindHost: '0.0.0.0',
    tokens: () => [token],
    ports: { first: 30_000, last: 30_099 },
    allowPorts: { first: 1_024, last: 65_535 },
    maxPortsPerClient: 0,
    maxPoolCount: 5,
    maxClients: 100,
    keepaliveMs: 30_000,
    silenceMs: 10_000,
    tell: (fact) => tell(fact, clock.now()),
  })
  void network.listen(`0.0.0.0:${port}`, (accepted) => server.accept(accepted))
}

export function frps(world: World, name: string, token: string, tell: Tell = () => {}): void {
  const live = (ports: WorldPorts): void => serveFrps(ports, FRPS_PORT, token, tell)
  live(world.ports(name))
  world.onRestart(name, live)
}
