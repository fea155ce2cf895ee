// The yamux wire: a header of 12 bytes, big-endian, and for data frames a body of `length` bytes.
//
//   version u8 = 0 | type u8 | flags u16 | stream u32 | length u32
//
// `length`: bytes of body (data), credit added (window), an id to echo (ping), a reason (goaway: 0 normal, 1 protocol
// error, 2 internal error). Stream 0 is the session. Source of the rules: frp's wire as recorded from stock peers.

export const HEADER_BYTES = 12
/** The credit that each direction of a stream starts with, whatever window its ends grant then. */
export const INITIAL_WINDOW_BYTES = 256 << 10

export const FRAME = { data: 0, window: 1, ping: 2, goAway: 3 } as const
export const FLAG = { syn: 1, ack: 2, fin: 4, rst: 8 } as const
export const GO_AWAY = { normal: 0, protocolError: 1, internalError: 2 } as const

/** Puts a header into the first 12 bytes of `bytes`. */
export function putHeader(bytes: Buffer, type: number, flags: number, id: number, length: number): void {
  bytes[0] = 0
  bytes[1] = type
  bytes[2] = 0
  bytes[3] = flags
  bytes.writeUInt32BE(id, 4)
  bytes.writeUInt32BE(length, 8)
}

/** A header alone: a frame without a body, or one whose body is sent separately. */
export function frameHeader(type: number, flags: number, id: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES)
  putHeader(bytes, type, flags, id, length)
  return bytes
}

/** What a parser tells, in the order of the wire. */
export interface FrameSink {
  /** A header. For data, the body follows as `body` calls (none if `length` is 0) and one `bodyEnd`. */
  frame(type: number, flags: number, id: number, length: number): void
  /** Bytes `from` to `to` of what is being fed belong to the current body. */
  body(from: number, to: number): void
  bodyEnd(): void
  /** The bytes are no yamux; nothing more is told. */
  broken(why: string): void
}

/** Reads frames from pieces that may end anywhere. A body is passed on in parts as it comes; only headers are collected. */
export class FrameParser {
  readonly #sink: FrameSink
  readonly #head = Buffer.alloc(HEADER_BYTES)
  #headHave = 0
  #bodyLeft = 0
  #stopped = false

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  /** No further call to the sink, not even for the rest of the piece being fed. */
  stop(): void {
    this.#stopped = true
  }

  feed(bytes: Buffer, from: number, to: number): void {
    let at = from
    while (at < to && !this.#stopped) {
      if (this.#bodyLeft > 0) {
        const count = Math.min(this.#bodyLeft, to - at)
        this.#sink.body(at, at + count)
        at += count
        this.#bodyLeft -= count
        if (this.#bodyLeft === 0) this.#sink.bodyEnd()
      } else if (this.#headHave > 0 || to - at < HEADER_BYTES) {
        const count = Math.min(HEADER_BYTES - this.#headHave, to - at)
        bytes.copy(this.#head, this.#headHave, at, at + count)
        at += count
        this.#headHave += count
        if (this.#headHave < HEADER_BYTES) return
        this.#headHave = 0
        this.#header(this.#head, 0)
      } else {
        this.#header(bytes, at)
        at += HEADER_BYTES
      }
    }
  }

  #header(bytes: Buffer, at: number): void {
    const version = bytes[at] ?? 0
    const type = bytes[at + 1] ?? 0
    if (version !== 0) return this.#broken(`yamux version ${version}`)
    if (type > FRAME.goAway) return this.#broken(`yamux frame type ${type}`)
    const length = bytes.readUInt32BE(at + 8)
    if (type === FRAME.data) this.#bodyLeft = length
    this.#sink.frame(type, bytes.readUInt16BE(at + 2), bytes.readUInt32BE(at + 4), length)
    if (type === FRAME.data && length === 0 && !this.#stopped) this.#sink.bodyEnd()
  }

  #broken(why: string): void {
    this.#stopped = true
    this.#sink.broken(why)
  }
}
