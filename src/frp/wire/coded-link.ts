// A link with a proxy's own encryption and compression: what it reads is encoded for the stream, what the stream brings is decoded.
import type { Link } from '../links/link.ts'
import { type Coder, type CodingOptions, createCoder } from './coding.ts'

type DataListener = (bytes: Buffer) => void

export class CodedLink implements Link {
  readonly #inner: Link
  readonly #coder: Coder
  readonly #onUndecodable: () => void
  /** Plain bytes: those that came from the stream, and those that went to it. */
  bytesIn = 0
  bytesOut = 0

  constructor(inner: Link, options: CodingOptions & { readonly onUndecodable: () => void }) {
    this.#inner = inner
    this.#coder = createCoder(options)
    this.#onUndecodable = options.onUndecodable
  }

  /** Encodes bytes that were read from the link before it was joined. They go before all others. */
  encode(bytes: Buffer): Buffer {
    this.bytesOut += bytes.length
    return this.#coder.encode(bytes)
  }

  write(bytes: Uint8Array, done?: (error?: Error | null) => void): boolean {
    const plain = this.#coder.decode(bytes)
    if (plain === null) {
      const error = new Error('undecodable bytes from the tunnel')
      queueMicrotask(() => done?.(error))
      this.#onUndecodable()
      this.#inner.destroy(error)
      return false
    }
    const whole = plain.filter((piece) => piece.length > 0)
    for (const { length } of whole) this.bytesIn += length
    const last = whole.pop()
    if (last === undefined) {
      queueMicrotask(() => done?.())
      return true
    }
    for (const piece of whole) this.#inner.write(piece)
    return this.#inner.write(last, done)
  }

  on(event: 'data', listener: DataListener): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'close', listener: (failed: boolean) => void): unknown
  on(event: 'end' | 'drain', listener: () => void): unknown
  on(
    ...[event, listener]:
      | ['data', DataListener]
      | ['error', (error: Error) => void]
      | ['close', (failed: boolean) => void]
      | ['end' | 'drain', () => void]
  ): unknown {
    switch (event) {
      case 'data':
        return this.#inner.on('data', (bytes) => listener(this.encode(bytes)))
      case 'error':
        return this.#inner.on('error', listener)
      case 'close':
        return this.#inner.on('close', listener)
      default:
        return this.#inner.on(event, listener)
    }
  }

  cork(): void {
    this.#inner.cork()
  }

  uncork(): void {
    this.#inner.uncork()
  }

  pause(): unknown {
    return this.#inner.pause()
  }

  resume(): unknown {
    return this.#inner.resume()
  }

  end(): unknown {
    return this.#inner.end()
  }

  destroy(error?: Error): unknown {
    return this.#inner.destroy(error)
  }

  destroySoon(): void {
    this.#inner.destroySoon()
  }

  setNoDelay(noDelay?: boolean): unknown {
    return this.#inner.setNoDelay?.(noDelay)
  }

  get destroyed(): boolean {
    return this.#inner.destroyed
  }

  get writableLength(): number {
    return this.#inner.writableLength
  }
}
