// One end of frp written out by hand, for saying things that our own ends never say.
import type { Link } from '../../src/frp/links/link.ts'
import { createMux } from '../../src/frp/mux/mux.ts'
import type { MuxStream } from '../../src/frp/mux/mux-contract.ts'
import type { Mux } from '../../src/frp/mux/mux-options.ts'
import { encodeMessage, MessageReader } from '../../src/frp/wire/codec.ts'
import { ControlChannel } from '../../src/frp/wire/control-channel.ts'
import { controlCipher } from '../../src/frp/wire/control-cipher.ts'
import { privilegeKey } from '../../src/frp/wire/crypto.ts'
import type { Message, MessageOf, Outgoing } from '../../src/frp/wire/messages.ts'
import { wireOf } from '../../src/frp/wire/wire.ts'
import type { VirtualClock } from '../sim/virtual-clock.ts'

export const login = (fields: Partial<MessageOf<'login'>> = {}): Outgoing => ({
  type: 'login',
  version: '0.45.0',
  privilegeKey: privilegeKey('secret', 1_700_000_000),
  timestamp: 1_700_000_000,
  ...fields,
})

/** A stream of messages; `secure` encrypts from then on, both ways. */
export class RawStream {
  readonly stream: MuxStream
  readonly heard: Message[] = []
  /** What came behind `raw`. */
  bytes = ''
  gone = false
  ended = false
  #channel: ControlChannel | null = null
  readonly #reader = new MessageReader()
  #raw = false

  constructor(stream: MuxStream) {
    this.stream = stream
    stream.onBytes = (bytes) => this.#take(bytes)
    stream.onEnd = () => {
      this.ended = true
    }
    stream.onGone = () => {
      this.gone = true
    }
  }

  say(message: Outgoing): void {
    if (this.#channel === null) this.stream.write(encodeMessage(message))
    else this.#channel.send(message)
  }

  /** From the next message on nothing is a message. */
  raw(): void {
    this.#raw = true
  }

  secure(clock: VirtualClock, token = 'secret'): void {
    this.#channel = new ControlChannel(this.stream, {
      clock,
      wire: wireOf(1),
      cipher: controlCipher({ token, randomBytes: (count) => Buffer.alloc(count, 7), transcript: null, client: true }),
      onMessage: (message) => this.heard.push(message),
      onFail: () => {
        this.gone = true
      },
    })
    this.#channel.start(this.#reader.takeRest())
  }

  #take(bytes: Buffer): void {
    if (this.#raw) {
      this.bytes += bytes.toString('latin1')
      return
    }
    this.#reader.push(bytes)
    const read = this.#reader.next()
    if (read.type === 'message') this.heard.push(read.message)
  }
}

/** A mux by hand; `streams` are those the other end opened. */
export class RawEnd {
  readonly mux: Mux
  readonly streams: RawStream[] = []
  closed: string | null = null

  constructor(link: Link, clock: VirtualClock, client: boolean) {
    this.mux = createMux({
      client,
      gather: false,
      clock,
      keepaliveMs: 0,
      silenceMs: 0,
      onStream: (stream) => this.streams.push(new RawStream(stream)),
      onClose: (why) => {
        this.closed = why
      },
    })
    this.mux.start({ link, direct: false }, null)
  }

  open(): RawStream {
    const stream = this.mux.open()
    if (stream === null) throw new Error('no stream')
    return new RawStream(stream)
  }
}
