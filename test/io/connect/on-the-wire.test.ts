// What whoever passes the bytes on between two nodes sees of a service that one reaches at the other.
import { type AddressInfo, connect, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { createPeerSessions } from '../../../src/actors/connect/peer-sessions.ts'
import { createReachService } from '../../../src/actors/connect/reach-service.ts'
import { createServedConnects } from '../../../src/actors/connect/served-connects.ts'
import { newIdentity } from '../../../src/io/disk/identity.ts'
import { createNodeNetwork } from '../../../src/io/network/node-network.ts'
import { createNodeHttp } from '../../../src/io/network/peer-http.ts'
import { createNodeClock } from '../../../src/io/node-clock.ts'
import { isFailure } from '../../../src/ports.ts'
import { EMPTY_TABLE, putOwn } from '../../domain/pure-table.ts'

const MARKER = Buffer.from('the words that nobody else may read')

const countOf = (text: Buffer, word: Buffer): number => {
  let count = 0
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) count++
  return count
}

test('a TURN that passes them on sees ciphertext, and no word of the service', async () => {
  const bugs: unknown[] = []
  const onBug = (error: unknown): void => void bugs.push(error)
  const clock = createNodeClock()
  const secrets = [Buffer.alloc(32, 7).toString('base64url')]
  const network = () => ({ type: 'private', secrets }) as const
  const [home, me] = [newIdentity(), newIdentity()]
  const service = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1')
  await new Promise((done) => service.once('listening', done))
  const local = `127.0.0.1:${(service.address() as AddressInfo).port}`
  const served = createServedConnects({
    clock,
    network: createNodeNetwork(onBug),
    services: { specs: () => [{ name: 'web', kind: 'tcp', local, domain: null, options: { private: true } }], meter: () => null },
    askerOf: (id) => ({ id, isMember: true, idsOf: () => [] }),
    membersAreTrusted: true,
    onBug,
  })
  const http = createNodeHttp(onBug, { identity: home, network })
  const port = await http.serve({
    address: '127.0.0.1:0',
    onRequest: async () => ({ status: 404, body: '' }),
    onConnect: served.accept,
  })
  if (isFailure(port)) throw new Error(port.text)
  const seen: Buffer[] = []
  const tap = createServer((near) => {
    const far = connect(port.port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (bytes: Buffer) => seen.push(bytes))
      from.on('error', () => to.destroy())
      from.pipe(to)
    }
  }).listen(0, '127.0.0.1')
  await new Promise((done) => tap.once('listening', done))

  const record = { id: home.id, name: 'home', address: `127.0.0.1:${(tap.address() as AddressInfo).port}`, seq: 1, via: null }
  const { table } = putOwn(EMPTY_TABLE, { ...record, offersTurn: false, left: false, envelope: null, p2prc: null }, 0)
  const sessions = createPeerSessions({ clock, network: createNodeNetwork(onBug, { identity: me, network }), policy: 'any' })
  const keeper = { current: () => table }
  const { reach } = createReachService({ clock, keeper, sessions, admit: async () => null, isStopped: () => false, onBug })
  const reached = await reach(home.id, { type: 'service', service: 'web', kind: 'tcp' }, 5_000)
  if (reached.type !== 'open') throw new Error(reached.text)
  const { stream } = reached
  const words = Buffer.concat(Array.from({ length: 100 }, () => MARKER))
  const heard = await new Promise<Buffer>((resolve) => {
    const pieces: Buffer[] = []
    stream.onBytes = (bytes) => {
      pieces.push(Buffer.from(bytes))
      if (Buffer.concat(pieces).length >= words.length) resolve(Buffer.concat(pieces))
    }
    stream.write(words)
  })
  const wire = Buffer.concat(seen)
  expect([countOf(heard, MARKER), countOf(wire, MARKER), wire.length > 2 * words.length, bugs]).toEqual([100, 0, true, []])
  sessions.close()
  served.close()
  await port.close()
  await http.close()
  tap.close()
  service.close()
})
