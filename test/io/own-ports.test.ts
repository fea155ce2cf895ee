// A node's own port for a service, on real sockets: what becomes of its users when it retires, and when it is needed again.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { of } from 'rxjs'
import { afterEach, expect, test, vi } from 'vitest'
import { createActor } from 'xstate'
import { createTrafficRates } from '../../src/actors/carrying/traffic-rates.ts'
import { createDirectServices } from '../../src/actors/services/direct-services.ts'
import { createServices } from '../../src/actors/services/services.ts'
import { Vhosts } from '../../src/frp/index.ts'
import { createNodeNetwork } from '../../src/io/network/node-network.ts'
import { createNodeRandom } from '../../src/io/node-clock.ts'
import type { OwnPortsCommand } from '../../src/machines/node-machine.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'

const PATIENCE = 600_000

let ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.reverse()) await end()
  ends = []
})

async function tcpEcho(): Promise<string> {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  ends.push(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A service on a port of this machine, with time that passes when the test says so. */
async function served() {
  const clock = new VirtualClock()
  const onBug = (error: unknown): void => clock.crash(error)
  const network = createNodeNetwork(onBug)
  const services = createServices({
    ...{ clock, network, onBug, random: createNodeRandom(), rates: createTrafficRates(clock) },
    first: [{ name: 'web', kind: 'tcp', local: await tcpEcho(), domain: null }],
    inspect: () => {},
    publish: () => {},
  })
  const { logic } = createDirectServices({
    ...{ clock, network, services, onBug, patienceMs: PATIENCE },
    ports: { first: 21_300, last: 21_399 },
    vhosts: new Vhosts({ port: () => 0, isOwn: () => false, subdomainHost: null }),
    bindHost: () => '127.0.0.1',
    publicAddress$: of('127.0.0.1:8088'),
  })
  const actor = createActor(logic, { clock }).start()
  services.start()
  ends.push(() => {
    actor.stop()
    services.stop()
  })
  const say = (type: OwnPortsCommand['type']): void => actor.send({ type })
  return { clock, say, address: (): string | null => services.list()[0]?.public ?? null }
}

const up = (address: () => string | null): Promise<string> =>
  vi.waitFor(() => {
    const at = address()
    if (at === null) throw new Error('it is not up yet')
    return at
  })

const dial = (address: string): Promise<Socket | string> =>
  new Promise((resolve) => {
    const socket = connect(Number(address.split(':')[1]), '127.0.0.1')
    socket.once('connect', () => resolve(socket)).once('error', ({ message }) => resolve(message.split(' ')[1] ?? message))
  })

async function user(address: string) {
  const socket = await dial(address)
  if (typeof socket === 'string') throw new Error(socket)
  ends.push(() => socket.destroy())
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve('cut')))
  const say = (text: string): Promise<string> => {
    const answer = new Promise<string>((resolve) => socket.once('data', (bytes: Buffer) => resolve(bytes.toString())))
    socket.write(text)
    return Promise.race([answer, closed])
  }
  return { say, closed, leave: () => void socket.end() }
}

test('users of a port that retires go on there, and when it is needed again it is the same with them on it', async () => {
  const { clock, say, address } = await served()
  say('ports.open')
  const at = await up(address)
  const one = await user(at)
  say('ports.retire')
  await clock.advance(60_000)
  expect([await one.say('retiring'), address()]).toEqual(['retiring', null])
  say('ports.open')
  expect(await up(address)).toEqual(at)
  await clock.advance(1_000)
  expect(await one.say('back')).toEqual('back')
})

test('a port that retires is free once its last user has left', async () => {
  const { clock, say, address } = await served()
  say('ports.open')
  const at = await up(address)
  const one = await user(at)
  await one.say('here')
  say('ports.retire')
  one.leave()
  await one.closed
  await vi.waitFor(async () => {
    await clock.advance(11_000)
    expect(await dial(at)).toEqual('ECONNREFUSED')
  })
})

test('who does not leave a port that retires is cut when the time is over', async () => {
  const { clock, say, address } = await served()
  say('ports.open')
  const one = await user(await up(address))
  say('ports.retire')
  await clock.advance(PATIENCE - 1_000)
  expect(await one.say('still here')).toEqual('still here')
  await clock.advance(2_000)
  expect(await one.closed).toEqual('cut')
})
