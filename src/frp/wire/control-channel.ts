// The control channel after LoginResp: messages in two encrypted streams, one for each direction. The IV or nonce of a direction is
// sent just before its first message; neither end waits for the other's.
import type { FrpClock } from '../contract.ts'
import type { MuxStream } from '../mux/mux-contract.ts'
import type { ControlCipher } from './control-cipher.ts'
import { PARTIAL_MS } from './first-message.ts'
import type { Message, Outgoing } from './messages.ts'
import type { MessageSource, Wire } from './wire.ts'

/** Answers the other end has not taken; beyond it, it is not reading. */
const MAX_UNSENT_BYTES = 1 << 20

export interface ControlChannelOptions {
  readonly clock: FrpClock
  readonly wire: Wire
  readonly cipher: ControlCipher
  readonly onMessage: (message: Message) => void
  /** The channel has ended: unreadable bytes, a message that broke off, or the stream's end. Once. */
  readonly onFail: (why: string) => void
}

export class ControlChannel {
  readonly #stream: MuxStream
  readonly #options: ControlChannelOptions
  readonly #reader: MessageSource
  #partial: unknown = null
  #ended = false

  constructor(stream: MuxStream, options: ControlChannelOptions) {
    this.#stream = stream
    this.#options = options
    this.#reader = options.wire.source()
  }

  /** Starts to read. `rest`: encrypted bytes that came right behind the message in clear. */
  start(rest: Buffer | null): void {
    this.#stream.onEnd = () => this.#fail('the control connection was closed')
    this.#stream.onGone = () => this.#fail('the control connection was lost')
    if (rest !== null) this.#receive(rest)
    if (!this.#ended) this.#stream.onBytes = (bytes) => this.#receive(bytes)
  }

  send(message: Outgoing): void {
    if (this.#ended) return
    const { wire, cipher } = this.#options
    this.#stream.write(cipher.encrypt(wire.encode(message)))
    if ((this.#stream.unsentBytes ?? 0) > MAX_UNSENT_BYTES) this.#fail('the other end does not read')
  }

  /** Stops listening and reports nothing more. The stream stays as it is. */
  stop(): void {
    this.#ended = true
    this.#clearPartial()
    this.#stream.onBytes = null
    this.#stream.onEnd = null
    this.#stream.onGone = null
  }

  #receive(bytes: Buffer): void {
    if (this.#ended) return
    const plain = this.#options.cipher.decrypt(bytes)
    if (plain === null) return this.#fail('undecryptable bytes on the control connection')
    if (plain.length > 0) this.#reader.push(plain)
    for (;;) {
      const read = this.#reader.next()
      if (read.type === 'fault') return this.#fail(`unreadable control message: ${read.text}`)
      if (read.type === 'more') break
      this.#clearPartial()
      this.#options.onMessage(read.message)
      if (this.#ended) return
    }
    if (this.#reader.heldBytes + this.#options.cipher.heldBytes > 0)
      this.#partial ??= this.#options.clock.setTimeout(() => this.#fail('a control message broke off'), PARTIAL_MS)
  }

  #clearPartial(): void {
    if (this.#partial !== null) this.#options.clock.clearTimeout(this.#partial)
    this.#partial = null
  }

  #fail(why: string): void {
    if (this.#ended) return
    this.stop()
    this.#options.onFail(why)
  }
}
