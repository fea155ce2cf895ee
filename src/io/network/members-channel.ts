// The members' channel: what moonwalk nodes say to each other. TLS 1.3, told from other TLS on the public port by ALPN
// `moonwalk/1`. Both ends show a self-signed certificate of their Ed25519 key, so each knows the other's id; nothing else in a
// certificate counts. In a private network both then prove that they know its secret, the client first:
//
//   client → server   0x01 | 32 bytes: HMAC-SHA-256(key, "moonwalk proof/1\0client\0" + the client's id + exporter)
//   server → client   0x01 | 32 bytes: the same with "server" and the server's id, by the secret that the client proved
//
// `key`: the membership key of the secret (network-keys.ts). `exporter`: 32 bytes of TLS's exporter (RFC 8446 §7.5), other ones on
// every connection, so a proof is of no use on another one. What follows is HTTP/1.1 or frp, told apart by its first byte.
import { constants, createHmac, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import type { NetworkKind } from '../../domain/network-kind.ts'
import { NO_MEMBER } from '../../domain/seed-fault.ts'
import type { Meter } from '../../ports.ts'
import { type KeyedIdentity, publicKeyOf } from '../disk/identity.ts'
import { networkKey } from '../network-keys.ts'
import { certify } from './certificate.ts'
import { exactly } from './exactly.ts'

export const CHANNEL_PROTOCOL = 'moonwalk/1'

/** Who this node is on the channel. */
export interface ChannelSelf {
  readonly identity: KeyedIdentity
  /** Now: secrets are replaced while the node lives. */
  readonly network: () => NetworkKind
}

const EXPORTER = 'EXPORTER-moonwalk-proof-1'
const EXPORTER_BYTES = 32
const PROOF = 0x01
const PROOF_BYTES = 33

/** Who is at the other end of each channel that stands. */
const members = new WeakMap<object, string>()

/** The id of the node at the other end of a socket; null where that is no members' channel. */
export const memberAt = (socket: object): string | null => members.get(socket) ?? null

/** The connection under each channel whose own bytes are asked for. */
const wires = new WeakMap<Socket, Socket>()
export const runsOver = (channel: TLSSocket, wire: Socket): void => void wires.set(channel, wire)

const meters = new WeakMap<Socket, Meter>()

/** What has come on a socket's connection, under TLS where that is known. */
export function meterOf(socket: Socket): Meter {
  const wire = wires.get(socket) ?? socket
  const meter = meters.get(wire) ?? (() => wire.bytesRead)
  meters.set(wire, meter)
  return meter
}

const contexts = new WeakMap<KeyedIdentity, SecureContext>()

/** For both ends. Tickets are off: a connection that is resumed would show no certificate. */
export function channelContext(identity: KeyedIdentity): SecureContext {
  const known = contexts.get(identity)
  if (known) return known
  const context = createSecureContext({
    ...certify(identity.privateKey),
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
  })
  contexts.set(identity, context)
  return context
}

type End = 'client' | 'server'

export type Proven = { readonly type: 'proven'; readonly id: string } | { readonly type: 'refused'; readonly text: string }

const refused = (text: string): Proven => ({ type: 'refused', text })

/** Once TLS stands: who is at the other end, and that it is a member. The socket is left paused, with nothing more read from it. */
export async function proveMembers(socket: TLSSocket, self: ChannelSelf, end: End, withinMs: number): Promise<Proven> {
  if (socket.destroyed || socket.alpnProtocol !== CHANNEL_PROTOCOL) return refused('what answers there is no moonwalk node')
  const id = idAt(socket, self.identity)
  if (id === null) return refused('it shows no key of a node')
  const network = self.network()
  if (network.type === 'private' && !(await PROVE[end](proving(socket, self.identity.id, id), network.secrets, withinMs)))
    return refused(NO_MEMBER)
  if (socket.destroyed) return refused('it closed the connection')
  members.set(socket, id)
  return { type: 'proven', id }
}

interface Proving {
  readonly socket: TLSSocket
  /** What this end has to say for a secret, and what it has to hear, as that end. */
  own(secret: string, as: End): Buffer
  theirs(secret: string, as: End): Buffer
}

function proving(socket: TLSSocket, ownId: string, theirId: string): Proving {
  const exported = socket.exportKeyingMaterial(EXPORTER_BYTES, EXPORTER, Buffer.alloc(0)) // a socket that has ended gives none
  const proof = (secret: string, end: End, id: string): Buffer => {
    const mac = createHmac('sha256', networkKey(secret, 'membership proof')).update(`moonwalk proof/1\0${end}\0${id}`).update(exported)
    return Buffer.concat([Buffer.from([PROOF]), mac.digest()])
  }
  return { socket, own: (secret, as) => proof(secret, as, ownId), theirs: (secret, as) => proof(secret, as, theirId) }
}

type Prove = (proving: Proving, secrets: readonly string[], withinMs: number) => Promise<boolean>

const PROVE: Readonly<Record<End, Prove>> = {
  client: async ({ socket, own, theirs }, [secret = ''], withinMs) => {
    socket.write(own(secret, 'client'))
    return isSame(await exactly(socket, PROOF_BYTES, withinMs), theirs(secret, 'server'))
  },
  server: async ({ socket, own, theirs }, secrets, withinMs) => {
    const given = await exactly(socket, PROOF_BYTES, withinMs)
    const secret = secrets.find((one) => isSame(given, theirs(one, 'client')))
    if (secret === undefined || socket.destroyed) return false
    socket.write(own(secret, 'server'))
    return true
  },
}

const isSame = (given: Buffer | null, wanted: Buffer): boolean =>
  given !== null && given.length === wanted.length && timingSafeEqual(given, wanted)

/** Null: no certificate, or not one of an Ed25519 key that proves anything. */
function idAt(socket: TLSSocket, { idOf }: KeyedIdentity): string | null {
  const key = socket.getPeerX509Certificate()?.publicKey
  const publicKey = key?.asymmetricKeyType === 'ed25519' ? publicKeyOf(key) : null
  return publicKey === null ? null : idOf(publicKey)
}

/** Whether the handshake has been gone through in time. */
export function isSecure(socket: TLSSocket, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (answer: boolean): void => {
      clearTimeout(timer)
      resolve(answer)
    }
    const timer = setTimeout(() => settle(false), withinMs)
    socket.once('secure', () => settle(true)).once('close', () => settle(false))
  })
}

/** The server's end over a connection whose ClientHello has been read, and was put back. */
export function channelServer(socket: Socket, self: ChannelSelf): TLSSocket {
  const channel = new TLSSocket(socket, {
    isServer: true,
    secureContext: channelContext(self.identity),
    ALPNProtocols: [CHANNEL_PROTOCOL],
    requestCert: true,
    rejectUnauthorized: false,
  })
  runsOver(channel, socket)
  return channel
}
