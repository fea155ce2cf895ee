// Strangers at the door of a private network, on real sockets: none gets an answer, whatever it says in place of a proof.
import { createHmac, randomBytes } from 'node:crypto'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { afterAll, expect, test } from 'vitest'
import { newIdentity } from '../../src/io/disk/identity.ts'
import { channelContext } from '../../src/io/network/members-channel.ts'
import { createNodeHttp } from '../../src/io/network/peer-http.ts'
import { networkKey } from '../../src/io/network-keys.ts'
import { isFailure } from '../../src/ports.ts'

const STRANGERS = Number(process.env.MOONWALK_STRANGERS ?? 10_000)
const AT_ONCE = 16
const PROOF_BYTES = 33
const REQUEST = Buffer.from('GET /server_info HTTP/1.1\r\nHost: a\r\n\r\n')
const secret = (): string => randomBytes(32).toString('base64url')

const ends: (() => unknown)[] = []
afterAll(async () => {
  for (const end of ends.reverse()) await end()
})

/** What each says once TLS stands. `seen`: proofs that members have sent on other connections. */
const SAYINGS: readonly ((socket: TLSSocket, seen: readonly Buffer[], own: string) => Buffer)[] = [
  () => REQUEST,
  () => Buffer.concat([Buffer.from([1]), randomBytes(32), REQUEST]),
  () => Buffer.concat([Buffer.from([1]), Buffer.alloc(32), REQUEST]),
  (_, seen) => Buffer.concat([seen[0] ?? Buffer.alloc(0), REQUEST]),
  (_, seen) => (seen[0] ?? Buffer.alloc(0)).subarray(0, 1 + Math.floor(Math.random() * 31)),
  (socket, _, own) => Buffer.concat([proof(socket, secret(), own), REQUEST]),
  (_, seen) => {
    const flipped = Buffer.from(seen[0] ?? Buffer.alloc(PROOF_BYTES))
    const at = Math.floor(Math.random() * flipped.length)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << Math.floor(Math.random() * 8))
    return Buffer.concat([flipped, REQUEST])
  },
]

/** As a member makes it, by another secret. */
function proof(socket: TLSSocket, by: string, id: string): Buffer {
  const exported = socket.exportKeyingMaterial(32, 'EXPORTER-moonwalk-proof-1', Buffer.alloc(0))
  const mac = createHmac('sha256', networkKey(by, 'membership proof')).update(`moonwalk proof/1\0client\0${id}`).update(exported)
  return Buffer.concat([Buffer.from([1]), mac.digest()])
}

test(`of ${STRANGERS} strangers with wrong, cut and replayed proofs none gets a byte, and members do meanwhile`, async () => {
  let served = 0
  const kept = secret()
  const network = () => ({ type: 'private', secrets: [kept] }) as const
  const http = createNodeHttp(undefined, { identity: newIdentity(), network })
  const port = await http.serve({
    address: '127.0.0.1:0',
    onRequest: async () => {
      served++
      return { status: 200, body: 'inside' }
    },
  })
  if (isFailure(port)) throw new Error(port.text)
  const member = createNodeHttp(undefined, { identity: newIdentity(), network })
  ends.push(
    port.close,
    () => http.close(),
    () => member.close(),
  )
  const asMember = async (): Promise<boolean> => {
    const answer = await member.request(`127.0.0.1:${port.port}`, { method: 'GET', path: '/', over: 'channel', timeoutMs: 10_000 })
    return !isFailure(answer) && answer.body.toString() === 'inside'
  }
  // A proof that was good once, of a connection that is over.
  const identity = newIdentity()
  const secureContext = channelContext(identity)
  let dials = 0
  const dial = (): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      // Each address has a pace of its own at which channels may begin, and they are to come faster.
      const localAddress = `127.0.1.${1 + (dials++ % 64)}`
      const to = { host: '127.0.0.1', port: port.port, localAddress }
      const socket = connectTls({ ...to, ALPNProtocols: ['moonwalk/1'], rejectUnauthorized: false, secureContext }).once('error', reject)
      socket.once('secureConnect', () => resolve(socket.on('error', () => {})))
    })
  const first = await dial()
  const seen = [proof(first, kept, identity.id)]
  first.destroy()

  let bytes = 0
  const visit = async (which: number): Promise<void> => {
    const socket = await dial()
    const said = SAYINGS[which % SAYINGS.length]?.(socket, seen, identity.id) ?? REQUEST
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.on('data', (piece: Buffer) => {
      bytes += piece.length
    })
    if (said.length < PROOF_BYTES) socket.end(said)
    else socket.write(said)
    await gone
  }
  let next = 0
  let membersServed = 0
  const line = async (): Promise<void> => {
    while (next < STRANGERS) {
      const which = next++
      await visit(which)
      if (which % 500 === 0 && (await asMember())) membersServed++
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, line))
  expect({ bytes, membersServed, served }).toEqual({
    bytes: 0,
    membersServed: Math.ceil(STRANGERS / 500),
    served: Math.ceil(STRANGERS / 500),
  })
})
