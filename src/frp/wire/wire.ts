// The two wires messages travel on. A client chooses one for all its streams; a server finds out stream by stream.
import { encodeMessage, MAX_BODY_BYTES, MessageReader, type Read } from './codec.ts'
import type { Outgoing } from './messages.ts'
import { encodeMessageV2, MAGIC, MAX_BODY_BYTES_V2, MessageReaderV2 } from './wire-v2-frame.ts'

/** Messages out of bytes in pieces of any size, one at a time, so that a reader may stop exactly behind one. */
export interface MessageSource {
  push(bytes: Buffer): void
  /** Bytes of a message that is not whole yet. */
  readonly heldBytes: number
  /** After a fault nothing further can be read. */
  next(): Read
  /** What follows the messages read so far; null when nothing does. */
  takeRest(): Buffer | null
}

export interface Wire {
  readonly version: 1 | 2
  /** What a client's stream begins with, before its first message. */
  readonly opening: Buffer
  /** Longest JSON of a message. */
  readonly maxBodyBytes: number
  encode(message: Outgoing): Buffer
  /** `maxBodyBytes`: another limit, where both ends have agreed on one. */
  source(maxBodyBytes?: number): MessageSource
}

const v1: Wire = {
  version: 1,
  opening: Buffer.alloc(0),
  maxBodyBytes: MAX_BODY_BYTES,
  encode: encodeMessage,
  source: (maxBodyBytes) => new MessageReader(maxBodyBytes),
}

const v2: Wire = {
  version: 2,
  opening: MAGIC,
  maxBodyBytes: MAX_BODY_BYTES_V2,
  encode: encodeMessageV2,
  source: (maxBodyBytes) => new MessageReaderV2(maxBodyBytes),
}

export const wireOf = (version: 1 | 2): Wire => (version === 1 ? v1 : v2)
