// A TURN and a client of ours with a udp service behind it, and users who ask.
import type { DatagramPort, FrpClientOptions, ProxySpec } from '../../src/frp/contract.ts'
import { World } from './frp-world.ts'
import { UdpNet } from './udp-net.ts'

export interface UdpWorldOptions {
  readonly client?: Partial<FrpClientOptions>
  readonly spec?: Partial<ProxySpec>
  /** What the service says to a datagram; by default the same with `>` in front. */
  readonly answer?: (bytes: Buffer) => Buffer
}

export async function udpWorld({
  client = {},
  spec = {},
  answer = (bytes) => Buffer.concat([Buffer.from('>'), bytes]),
}: UdpWorldOptions = {}) {
  const net = new UdpNet()
  const { openDatagrams } = net
  const world = new World({ openDatagrams })
  const service = socketOf(await openDatagrams('127.0.0.1:53', (bytes, from) => service.send(answer(bytes), from)))
  const wish = { name: 'dns', type: 'udp', local: '127.0.0.1:53', ...spec } as const
  const serving = await world.serving(wish, { openDatagrams, ...client })
  await world.clock.advance(0)
  /** What both ends have counted: the service's, and the TURN's. */
  const meter = () => world.server.figures().sessions[0]?.proxies[0]?.meter.figures(world.clock.now())
  return { net, world, ...serving, meter, user: () => udpUser(net, serving.port) }
}

/** Somebody who asks at that port, and what is answered. */
export async function udpUser({ openDatagrams }: UdpNet, port: number) {
  const heard: string[] = []
  const socket = socketOf(await openDatagrams('127.0.0.1:0', (bytes) => heard.push(bytes.toString())))
  return { heard, port: socket.port, ask: (text: string) => socket.send(Buffer.from(text), { host: '127.0.0.1', port }) }
}

export function socketOf(opened: DatagramPort | { readonly type: 'failed' }): DatagramPort {
  if (opened.type === 'failed') throw new Error('no socket')
  return opened
}
