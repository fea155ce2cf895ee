// Two whole nodes on real sockets: the udp service of one that hides, reached through the other.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { MoonwalkNode, NodeOptions } from '../../src/answers.ts'
import { OPEN } from '../../src/domain/network-kind.ts'
import { identityFromSeed } from '../../src/io/disk/identity.ts'
import { createNodeNetwork } from '../../src/io/network/node-network.ts'
import { createNodeHttp } from '../../src/io/network/peer-http.ts'
import { createNodeClock, createNodeRandom } from '../../src/io/node-clock.ts'
import { createNode } from '../../src/node.ts'
import { MemoryStore } from '../sim/memory-store.ts'
import { someBytes } from './loopback.ts'

function realNode(options: Partial<NodeOptions>) {
  const random = createNodeRandom()
  const http = createNodeHttp()
  const node = createNode(
    {
      clock: createNodeClock(),
      random,
      network: createNodeNetwork(),
      http,
      store: new MemoryStore(),
      identity: identityFromSeed(random.bytes(32)),
    },
    {
      name: 'ash',
      version: '0.0.0-test',
      listen: '127.0.0.1:0',
      advertise: null,
      addresses: 'any',
      network: OPEN,
      seeds: [],
      turns: [{ type: 'moonwalk' }],
      ports: { first: 30_000, last: 30_999 },
      allowPorts: { first: 1_024, last: 65_535 },
      maxPortsPerClient: 64,
      services: [],
      speedtestBudgetBytes: 0,
      speedtestPaceMs: 60_000,
      ...options,
    },
  )
  const end = async (): Promise<void> => {
    await node.stop()
    http.close()
  }
  return { node, end }
}

async function socketHere(): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

/** Sends and hears the same back. */
async function echoed(user: Socket, port: number, bytes: number): Promise<boolean> {
  const sent = someBytes(bytes)
  const answer = once(user, 'message')
  user.send(sent, port, '127.0.0.1')
  const [back] = (await answer) as [Buffer]
  return back.equals(sent)
}

const started = async (node: MoonwalkNode): Promise<string> => {
  const answer = await node.start()
  if (answer.type === 'refused') throw new Error(answer.text)
  return answer.listen ?? ''
}

test.each([
  ['that hides behind another', null],
  ['that others can connect to', '127.0.0.1:0'],
])('a udp service of a node %s answers at its public address, and is gone when it is withdrawn', async (_, listen) => {
  const heard: number[] = []
  const [service, user] = [await socketHere(), await socketHere()]
  service.on('message', (bytes, from) => {
    heard.push(bytes.length)
    service.send(bytes, from.port, from.address)
  })
  const ash = realNode({})
  const seeds = [await started(ash.node)]
  const elm = realNode({ name: 'elm', listen, seeds, ports: { first: 31_000, last: 31_999 } })
  try {
    await started(elm.node)
    const local = `127.0.0.1:${service.address().port}`
    const exposed = await elm.node.expose({ name: 'dns', kind: 'udp', local, domain: null }, 15_000)
    // how many datagrams the proof took is chance
    expect({ ...exposed, traffic: null }).toEqual({
      name: 'dns',
      kind: 'udp',
      local,
      public: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      at: [expect.objectContaining({ turn: listen === null ? 'ash' : null, state: 'up', error: null })],
      state: 'up',
      error: null,
      phase: 'up',
      cause: null,
      since: expect.stringMatching(/^20.*Z$/),
      provenAt: expect.stringMatching(/^20.*Z$/),
      traffic: null,
    })
    const port = Number('public' in exposed ? exposed.public?.split(':')[1] : 0)
    const sizes = [0, 1, 100, 1_400, 6_000, 65_507]
    for (const bytes of sizes) expect(await echoed(user, port, bytes)).toBe(true)
    expect(heard).toEqual(sizes)
    expect(elm.node.unexpose('dns')).toEqual({ type: 'unexposed', name: 'dns' })
    expect(await becomesFree(port)).toBe(true)
  } finally {
    await elm.end()
    await ash.end()
    service.close()
    user.close()
  }
})

/** Looks, a hundred times at the most, until the port can be had. */
async function becomesFree(port: number): Promise<boolean> {
  const network = createNodeNetwork()
  for (let look = 0; look < 100; look++) {
    const opened = await network.openDatagrams(`127.0.0.1:${port}`, () => {})
    if (opened.type === 'open') return opened.close().then(() => true)
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return false
}
