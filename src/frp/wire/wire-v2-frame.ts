// Wire v2 (frp 0.69.0 on, the client's choice): a stream begins with a magic of 7 bytes, then come frames
// `type u16 | flags u16 = 0 | length u32 | payload`, big-endian. A message is a frame of type 16 whose payload is
// `id u16 | JSON`, the JSON as in v1. A reader drops the connection when flags are set, the length is over 65,536, a type
// is not known or out of order, or the JSON is not what the id says.
import { ByteQueue } from './byte-queue.ts'
import type { Read } from './codec.ts'
import { bodyOf, LAYOUT, type Outgoing, parseBody, typeOfId } from './messages.ts'

/** `FRP\0\2\r\n` */
export const MAGIC = Buffer.from('46525000020d0a', 'hex')
export const FRAME_TYPE = { clientHello: 1, serverHello: 2, message: 16 } as const
export const MAX_PAYLOAD_BYTES = 65_536

const HEADER_BYTES = 8
const ID_BYTES = 2

/** Longest JSON of a message. */
export const MAX_BODY_BYTES_V2 = MAX_PAYLOAD_BYTES - ID_BYTES

export function encodeFrame(type: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + payload.length)
  frame.writeUInt16BE(type, 0)
  frame.writeUInt32BE(payload.length, 4)
  frame.set(payload, HEADER_BYTES)
  return frame
}

export function encodeMessageV2(message: Outgoing): Buffer {
  const { id } = LAYOUT[message.type]
  if (id === null) throw new Error(`${message.type} has no number in wire v2`)
  const payload = Buffer.from(`\0\0${bodyOf(message)}`)
  payload.writeUInt16BE(id, 0)
  return encodeFrame(FRAME_TYPE.message, payload)
}

export type FrameRead =
  | { readonly type: 'frame'; readonly kind: number; readonly payload: Buffer }
  | { readonly type: 'more' }
  | { readonly type: 'fault'; readonly text: string }

const isKnown = (kind: number): boolean => kind === FRAME_TYPE.message || kind === FRAME_TYPE.clientHello || kind === FRAME_TYPE.serverHello

/** Takes bytes in pieces of any size and gives frames one at a time. What a header says is judged before its payload is waited for. */
export class FrameReader {
  readonly #held = new ByteQueue()
  readonly #maxPayloadBytes: number

  constructor(maxPayloadBytes = MAX_PAYLOAD_BYTES) {
    this.#maxPayloadBytes = maxPayloadBytes
  }

  push(bytes: Buffer): void {
    this.#held.push(bytes)
  }

  get heldBytes(): number {
    return this.#held.length
  }

  next(): FrameRead {
    if (this.#held.length < HEADER_BYTES) return { type: 'more' }
    const head = this.#held.peek()
    const [kind, flags, length] = [head.readUInt16BE(0), head.readUInt16BE(2), head.readUInt32BE(4)]
    if (!isKnown(kind)) return { type: 'fault', text: `unknown frame type ${kind}` }
    if (flags !== 0) return { type: 'fault', text: `frame flags ${flags}` }
    if (length > this.#maxPayloadBytes) return { type: 'fault', text: `frame of ${length} bytes` }
    if (this.#held.length < HEADER_BYTES + length) return { type: 'more' }
    this.#held.take(HEADER_BYTES)
    return { type: 'frame', kind, payload: this.#held.take(length) }
  }

  takeRest(): Buffer | null {
    return this.#held.takeRest()
  }
}

/** What a message frame's payload says. */
export function parseMessage(payload: Buffer): Read {
  if (payload.length < ID_BYTES) return { type: 'fault', text: 'a message without a number' }
  const id = payload.readUInt16BE(0)
  const type = typeOfId(id)
  if (type === null) return { type: 'fault', text: `unknown message number ${id}` }
  const message = parseBody(type, payload.toString('utf8', ID_BYTES))
  return message === null ? { type: 'fault', text: `malformed ${type}` } : { type: 'message', message }
}

/** Messages only; as `MessageReader` does for v1. */
export class MessageReaderV2 {
  readonly #frames: FrameReader

  constructor(maxBodyBytes = MAX_BODY_BYTES_V2) {
    this.#frames = new FrameReader(ID_BYTES + maxBodyBytes)
  }

  push(bytes: Buffer): void {
    this.#frames.push(bytes)
  }

  get heldBytes(): number {
    return this.#frames.heldBytes
  }

  next(): Read {
    const read = this.#frames.next()
    if (read.type !== 'frame') return read
    if (read.kind !== FRAME_TYPE.message) return { type: 'fault', text: `frame type ${read.kind} out of order` }
    return parseMessage(read.payload)
  }

  takeRest(): Buffer | null {
    return this.#frames.takeRest()
  }
}
