// Wire v1: `type u8 | length i64, big-endian | JSON of that length`. A reader drops the connection when the type is not
// known, the length is outside 0…10240, or the JSON is not what the type says.
import { ByteQueue } from './byte-queue.ts'
import { bodyOf, LAYOUT, type Message, type Outgoing, parseBody, typeOfByte } from './messages.ts'

/** The version both our ends name. Servers up to 0.51 turn away what is not `x.y.z`, or below 0.18.0. */
export const WIRE_VERSION = '0.45.0'

export const MAX_BODY_BYTES = 10_240
const HEADER_BYTES = 9

export function encodeMessage(message: Outgoing): Buffer {
  const body = Buffer.from(bodyOf(message))
  const frame = Buffer.alloc(HEADER_BYTES + body.length)
  frame[0] = LAYOUT[message.type].byte.charCodeAt(0)
  frame.writeUInt32BE(body.length, 5)
  body.copy(frame, HEADER_BYTES)
  return frame
}

export type Read =
  | { readonly type: 'message'; readonly message: Message }
  | { readonly type: 'more' }
  /** Nothing further can be read; `text` is one clause. */
  | { readonly type: 'fault'; readonly text: string }

/** Takes bytes in pieces of any size and gives messages one at a time, so that a reader may stop exactly behind one. */
export class MessageReader {
  readonly #held = new ByteQueue()
  readonly #maxBodyBytes: number

  constructor(maxBodyBytes = MAX_BODY_BYTES) {
    this.#maxBodyBytes = maxBodyBytes
  }

  push(bytes: Buffer): void {
    this.#held.push(bytes)
  }

  /** Bytes of a message that is not whole yet. */
  get heldBytes(): number {
    return this.#held.length
  }

  next(): Read {
    const held = this.#held.peek()
    const first = held[0]
    if (first === undefined) return { type: 'more' }
    const type = typeOfByte(first)
    if (type === null) return { type: 'fault', text: `unknown message type ${first}` }
    if (held.length < HEADER_BYTES) return { type: 'more' }
    const length = held.readBigInt64BE(1)
    if (length < 0n || length > BigInt(this.#maxBodyBytes)) return { type: 'fault', text: `message of ${length} bytes` }
    const end = HEADER_BYTES + Number(length)
    if (held.length < end) return { type: 'more' }
    const message = parseBody(type, held.toString('utf8', HEADER_BYTES, end))
    if (message === null) return { type: 'fault', text: `malformed ${type}` }
    this.#held.take(end)
    return { type: 'message', message }
  }

  /** What follows the messages read so far; null when nothing does. */
  takeRest(): Buffer | null {
    return this.#held.takeRest()
  }
}
