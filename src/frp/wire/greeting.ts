// What a client's stream says first, on either wire: v2 is told by its magic, and everything else is v1. A login on v2
// comes behind a hello, which is answered at once; work connections say none.
import { ByteQueue } from './byte-queue.ts'
import { MessageReader, type Read } from './codec.ts'
import { type MessageSource, type Wire, wireOf } from './wire.ts'
import { transcriptOf } from './wire-v2-crypto.ts'
import { encodeFrame, FRAME_TYPE, FrameReader, MAGIC, parseMessage } from './wire-v2-frame.ts'
import { answerHello } from './wire-v2-hello.ts'

export interface GreetingOptions {
  readonly randomBytes: (count: number) => Uint8Array
  /** A hello came: this is to be sent now, whether they agree or not. */
  readonly onHello: (answer: Buffer) => void
}

export class GreetingReader implements MessageSource {
  /** Known once there is a message. */
  wire: Wire = wireOf(1)
  /** What the hellos came to; null: none were said. */
  transcript: Buffer | null = null
  /** The hello was turned down, with this text. */
  refusal: string | null = null
  readonly #options: GreetingOptions
  readonly #held = new ByteQueue()
  #plain: MessageReader | null = null
  #frames: FrameReader | null = null

  constructor(options: GreetingOptions) {
    this.#options = options
  }

  push(bytes: Buffer): void {
    this.#inside.push(bytes)
  }

  get heldBytes(): number {
    return this.#plain?.heldBytes ?? this.#frames?.heldBytes ?? this.#held.length
  }

  next(): Read {
    const unknown = this.#plain === null && this.#frames === null ? this.#choose() : null
    if (unknown !== null) return unknown
    return this.#frames === null ? (this.#plain?.next() ?? { type: 'more' }) : this.#nextOf(this.#frames)
  }

  takeRest(): Buffer | null {
    return this.#inside.takeRest()
  }

  get #inside() {
    return this.#plain ?? this.#frames ?? this.#held
  }

  /** Null: it is known now. No message of v1 begins with the magic's first letter. */
  #choose(): Read | null {
    const seen = this.#held.peek()
    if (seen.length === 0) return { type: 'more' }
    if (seen[0] !== MAGIC[0]) this.#plain = new MessageReader()
    else {
      const count = Math.min(seen.length, MAGIC.length)
      if (!seen.subarray(0, count).equals(MAGIC.subarray(0, count))) return { type: 'fault', text: 'not the magic of wire v2' }
      if (count < MAGIC.length) return { type: 'more' }
      this.#held.take(MAGIC.length)
      this.wire = wireOf(2)
      this.#frames = new FrameReader()
    }
    const rest = this.#held.takeRest()
    if (rest !== null) this.#inside.push(rest)
    return null
  }

  #nextOf(frames: FrameReader): Read {
    let read = frames.next()
    if (read.type === 'frame' && read.kind === FRAME_TYPE.clientHello && this.transcript === null) {
      const { payload, error } = answerHello(read.payload, this.#options.randomBytes)
      this.refusal = error
      this.transcript = transcriptOf(read.payload, payload)
      this.#options.onHello(encodeFrame(FRAME_TYPE.serverHello, payload))
      if (error !== null) return { type: 'fault', text: error }
      read = frames.next()
    }
    if (read.type !== 'frame') return read
    if (read.kind !== FRAME_TYPE.message) return { type: 'fault', text: `frame type ${read.kind} out of order` }
    const said = parseMessage(read.payload)
    if (said.type === 'message' && (said.message.type === 'login') !== (this.transcript !== null))
      return { type: 'fault', text: said.message.type === 'login' ? 'a login without a hello' : `${said.message.type} behind a hello` }
    return said
  }
}
