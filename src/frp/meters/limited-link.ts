// A link with a bandwidth limit. What arrives while there are no tokens is held, one piece at most, and the link is paused. What is
// written then waits, and its `done` is not called, so the writer's own limit (credit, or a pause of its source) bounds what waits.
import type { Link } from '../links/link.ts'
import type { TokenBucket } from './bandwidth-limit.ts'

type DataListener = (bytes: Buffer) => void
type CloseListener = (failed: boolean) => void
type Done = (error?: Error | null) => void

interface Write {
  bytes: Uint8Array
  readonly done: Done | undefined
}

export class LimitedLink implements Link {
  readonly #inner: Link
  readonly #bucket: TokenBucket
  // from the link
  #onData: DataListener | null = null
  readonly #onEnd: (() => void)[] = []
  readonly #onClose: CloseListener[] = []
  #held: Buffer | null = null
  #endHeld = false
  #closeHeld = false
  #paused = false
  #withdrawRead: (() => void) | null = null
  // to the link
  #writes: Write[] = []
  #waitingBytes = 0
  #ending: 'no' | 'end' | 'destroySoon' = 'no'
  #withdrawWrite: (() => void) | null = null

  constructor(inner: Link, bucket: TokenBucket) {
    this.#inner = inner
    this.#bucket = bucket
    inner.on('end', () => {
      if (this.#held === null) this.#tellEnd()
      else this.#endHeld = true
    })
    inner.on('close', (failed) => {
      this.#dropWrites()
      // where the other end has ended, and was not reset, what it had sent is told first
      if (this.#held !== null && this.#endHeld && !failed) this.#closeHeld = true
      else this.#tellClose(failed)
    })
  }

  on(event: 'data', listener: DataListener): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'close', listener: CloseListener): unknown
  on(event: 'end' | 'drain', listener: () => void): unknown
  on(
    ...[event, listener]:
      | ['data', DataListener]
      | ['error', (error: Error) => void]
      | ['close', CloseListener]
      | ['end' | 'drain', () => void]
  ): unknown {
    switch (event) {
      case 'data':
        this.#onData = listener
        return this.#inner.on('data', (bytes) => this.#arrived(bytes))
      case 'end':
        return this.#onEnd.push(listener)
      case 'close':
        return this.#onClose.push(listener)
      case 'error':
        return this.#inner.on('error', listener)
      default:
        return this.#inner.on(event, listener)
    }
  }

  #arrived(bytes: Buffer): void {
    if (this.#held !== null)
      this.#held = Buffer.concat([this.#held, bytes]) // it was on its way when the link was paused
    else if (this.#bucket.tryTake(bytes.length)) this.#onData?.(bytes)
    else {
      this.#held = bytes
      this.#inner.pause()
      this.#askForHeld(bytes)
    }
  }

  #askForHeld(held: Buffer): void {
    this.#withdrawRead = this.#bucket.ask(held.length, (count) => {
      this.#withdrawRead = null
      this.#pass(count)
    })
  }

  #pass(count: number): void {
    const held = this.#held
    if (held === null) return
    const rest = held.subarray(count)
    this.#held = rest.length === 0 ? null : rest
    this.#onData?.(held.subarray(0, count))
    if (this.#held !== null) return this.#askForHeld(this.#held)
    if (this.#endHeld) this.#tellEnd()
    if (this.#closeHeld) this.#tellClose(false)
    else if (!this.#paused) this.#inner.resume()
  }

  #tellEnd(): void {
    this.#endHeld = false
    for (const listener of this.#onEnd) listener()
  }

  #tellClose(failed: boolean): void {
    this.#withdrawRead?.()
    this.#held = null
    for (const listener of this.#onClose.splice(0)) listener(failed)
  }

  write(bytes: Uint8Array, done?: Done): boolean {
    if (this.#writes.length === 0 && this.#bucket.tryTake(bytes.length)) return this.#inner.write(bytes, done)
    this.#writes.push({ bytes, done })
    this.#waitingBytes += bytes.length
    if (this.#writes.length === 1) this.#askForFirst()
    return false
  }

  #askForFirst(): void {
    const [first] = this.#writes
    if (first === undefined) return
    this.#withdrawWrite = this.#bucket.ask(first.bytes.length, (count) => {
      this.#withdrawWrite = null
      this.#writeOn(first, count)
      this.#askForFirst()
    })
  }

  #writeOn(first: Write, count: number): void {
    const { bytes, done } = first
    this.#waitingBytes -= count
    if (count < bytes.length) {
      first.bytes = bytes.subarray(count)
      this.#inner.write(bytes.subarray(0, count))
      return
    }
    this.#writes.shift()
    this.#inner.write(bytes, done)
    if (this.#writes.length > 0) return
    if (this.#ending === 'end') this.#inner.end()
    else if (this.#ending === 'destroySoon') this.#inner.destroySoon()
  }

  end(): unknown {
    if (this.#writes.length === 0) return this.#inner.end()
    if (this.#ending === 'no') this.#ending = 'end'
    return undefined
  }

  destroySoon(): void {
    if (this.#writes.length === 0) this.#inner.destroySoon()
    else this.#ending = 'destroySoon'
  }

  destroy(error?: Error): unknown {
    this.#dropWrites()
    this.#withdrawRead?.()
    this.#held = null
    if (this.#closeHeld) this.#tellClose(false)
    return this.#inner.destroy(error)
  }

  #dropWrites(): void {
    this.#withdrawWrite?.()
    this.#waitingBytes = 0
    const error = new Error('the link is closed')
    for (const { done } of this.#writes.splice(0)) if (done !== undefined) queueMicrotask(() => done(error))
  }

  pause(): unknown {
    this.#paused = true
    return this.#inner.pause()
  }

  resume(): unknown {
    this.#paused = false
    return this.#held === null ? this.#inner.resume() : undefined
  }

  cork(): void {
    this.#inner.cork()
  }

  uncork(): void {
    this.#inner.uncork()
  }

  setNoDelay(noDelay?: boolean): unknown {
    return this.#inner.setNoDelay?.(noDelay)
  }

  get destroyed(): boolean {
    return this.#inner.destroyed
  }

  get writableLength(): number {
    return this.#waitingBytes + this.#inner.writableLength
  }
}
