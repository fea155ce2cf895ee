// Wire v2's control channel begins with two hellos in clear, JSON like the messages: the client offers message codecs and
// ciphers, the server picks. We offer and take the codec `json` and the cipher `aes-256-gcm`, which every stock end knows.
//
//   ClientHello {bootstrap:{transport,tls,tcpMux}, capabilities:{message:{codecs}, crypto:{algorithms, clientRandom}}}
//   ServerHello {selected:{message:{codec}, crypto:{algorithm, serverRandom}}, error}
//
// The randoms are 32 bytes in base64. The keys come from both payloads exactly as sent.
import type { Read } from './codec.ts'
import { ALGORITHM, transcriptOf } from './wire-v2-crypto.ts'
import { encodeFrame, FRAME_TYPE, FrameReader, MAGIC, parseMessage } from './wire-v2-frame.ts'

const CODEC = 'json'
const RANDOM_BYTES = 32

export interface ServerHello {
  readonly payload: Buffer
  /** Null: the hellos agree. */
  readonly error: string | null
}

/** The server's answer to what a client offers. The order of the client's ciphers does not matter: it takes any that it offered. */
export function answerHello(clientHello: Buffer, randomBytes: (count: number) => Uint8Array): ServerHello {
  const error = objection(parse(clientHello))
  const selected =
    error === null
      ? { message: { codec: CODEC }, crypto: { algorithm: ALGORITHM, serverRandom: base64(randomBytes(RANDOM_BYTES)) } }
      : { message: {}, crypto: {} }
  return { payload: Buffer.from(JSON.stringify(error === null ? { selected } : { selected, error })), error }
}

/** In frp's words. */
function objection(hello: unknown): string | null {
  if (hello === undefined) return 'malformed client hello'
  const capabilities = at(hello, 'capabilities')
  if (!list(at(at(capabilities, 'message'), 'codecs')).includes(CODEC)) return 'unsupported message codec'
  const crypto = at(capabilities, 'crypto')
  const random = randomLength(at(crypto, 'clientRandom'))
  if (random !== RANDOM_BYTES) return `invalid crypto client random length ${random}, want ${RANDOM_BYTES}`
  return list(at(crypto, 'algorithms')).includes(ALGORITHM) ? null : 'no supported crypto algorithm'
}

export interface ClientOpeningOptions {
  readonly randomBytes: (count: number) => Uint8Array
  readonly tls: boolean
  readonly mux: boolean
}

/** A client's side of it: what it says before its login, and a source that reads the server's hello before the answer. */
export class ClientOpening {
  /** The magic and the hello. */
  readonly first: Buffer
  /** From the server's hello on. */
  transcript: Buffer | null = null
  /** The server turned the hello down, with this text. */
  refusal: string | null = null
  readonly #hello: Buffer
  readonly #frames = new FrameReader()

  constructor({ randomBytes, tls, mux }: ClientOpeningOptions) {
    const clientRandom = base64(randomBytes(RANDOM_BYTES))
    const capabilities = { message: { codecs: [CODEC] }, crypto: { algorithms: [ALGORITHM], clientRandom } }
    this.#hello = Buffer.from(JSON.stringify({ bootstrap: { transport: 'tcp', tls, tcpMux: mux }, capabilities }))
    this.first = Buffer.concat([MAGIC, encodeFrame(FRAME_TYPE.clientHello, this.#hello)])
  }

  push(bytes: Buffer): void {
    this.#frames.push(bytes)
  }

  get heldBytes(): number {
    return this.#frames.heldBytes
  }

  next(): Read {
    if (this.transcript === null) {
      const read = this.#frames.next()
      if (read.type !== 'frame') return read
      if (read.kind !== FRAME_TYPE.serverHello) return fault(`frame type ${read.kind} out of order`)
      const wrong = this.#heard(read.payload)
      if (wrong !== null) return fault(wrong)
    }
    const read = this.#frames.next()
    if (read.type !== 'frame') return read
    return read.kind === FRAME_TYPE.message ? parseMessage(read.payload) : fault(`frame type ${read.kind} out of order`)
  }

  takeRest(): Buffer | null {
    return this.#frames.takeRest()
  }

  #heard(payload: Buffer): string | null {
    const hello = parse(payload)
    if (hello === undefined) return 'malformed server hello'
    const error = at(hello, 'error')
    if (typeof error === 'string' && error !== '') {
      this.refusal = error
      return error
    }
    const selected = at(hello, 'selected')
    const crypto = at(selected, 'crypto')
    if (at(at(selected, 'message'), 'codec') !== CODEC) return 'the server picked a codec that was not offered'
    if (at(crypto, 'algorithm') !== ALGORITHM) return 'the server picked a cipher that was not offered'
    if (randomLength(at(crypto, 'serverRandom')) !== RANDOM_BYTES) return `the server's random is not ${RANDOM_BYTES} bytes long`
    this.transcript = transcriptOf(this.#hello, payload)
    return null
  }
}

const fault = (text: string): Read => ({ type: 'fault', text })
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

function randomLength(value: unknown): number {
  return typeof value === 'string' ? Buffer.from(value, 'base64').length : 0
}

function parse(payload: Buffer): unknown {
  try {
    const parsed: unknown = JSON.parse(payload.toString())
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

/** A field by its name in any case, as Go reads it. */
function at(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const wanted = key.toLowerCase()
  return Object.entries(value).find(([name]) => name.toLowerCase() === wanted)?.[1]
}
