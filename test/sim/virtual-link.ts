import { Duplex } from 'node:stream'
import type { Link, OpenedLink, Reader } from '../../src/frp/links/link.ts'
import { Flow, type FlowEnd } from './flow.ts'
import type { HostProcess } from './host-process.ts'
import type { Route } from './route.ts'
import type { VirtualClock } from './virtual-clock.ts'
import type { WireMessage } from './wire-message.ts'

const READ_BYTES = 64 << 10
const LAST_WORDS = { ECONNRESET: 'read ECONNRESET', ETIMEDOUT: 'read ETIMEDOUT' }

export interface LinkAddress {
  readonly host: string
  readonly port: number
}

/** One end of a virtual connection. To its user it is what a `net.Socket` with `allowHalfOpen` is. */
export class VirtualLink extends Duplex implements Link, FlowEnd {
  readonly localAddress: string
  readonly localPort: number
  readonly remoteAddress: string
  readonly remotePort: number
  readonly owner: HostProcess
  /** The handshake is through; `null` afterwards. */
  onOpened: (() => void) | null = null
  onGone: () => void = () => {}
  /** It broke before anybody had taken it. */
  onLost: () => void = () => {}
  /** Takes a message as it is; false: its bytes are wanted. */
  onMessage: ((message: WireMessage) => boolean) | null = null
  /** Somebody listens to it. Before, an error has nobody to be told to. */
  isTaken = false
  #out: Flow | null = null
  #in: Flow | null = null
  #sniffer: ((first: Buffer | null) => void) | null = null
  #muted = false

  constructor(local: LinkAddress, remote: LinkAddress, owner: HostProcess) {
    super({ allowHalfOpen: true, emitClose: false, autoDestroy: true, highWaterMark: READ_BYTES })
    this.localAddress = local.host
    this.localPort = local.port
    this.remoteAddress = remote.host
    this.remotePort = remote.port
    this.owner = owner
  }

  carry(out: Flow, into: Flow): void {
    this.#out = out
    this.#in = into
  }

  get isGone(): boolean {
    return this.destroyed
  }

  /** Hands the first bytes that arrive to `tell` and not to the stream; null when the other end says nothing, ever. */
  sniff(tell: (first: Buffer | null) => void): void {
    this.#sniffer = tell
  }

  setNoDelay(): this {
    return this
  }

  destroySoon(): void {
    if (this.writableFinished) this.destroy()
    else {
      this.once('finish', () => this.destroy())
      this.end()
    }
  }

  /** The process that held this end died: nobody here hears anything more, the other end is reset. */
  abandon(): void {
    this.#muted = true
    this.removeAllListeners()
    this.#out?.drop()
    this.#out?.reset()
    this.destroy()
    this.#in?.forgo()
  }

  opened(): void {
    const tell = this.onOpened
    this.onOpened = null
    tell?.()
  }

  takeBytes(bytes: Buffer): boolean {
    const tell = this.#sniffer
    if (tell === null) return this.push(bytes)
    this.#sniffer = null
    tell(bytes)
    return true
  }

  takeMessage(message: WireMessage): boolean {
    const isRead = this.#sniffer === null && this.readableFlowing === true && this.readableLength === 0
    return (isRead && this.onMessage?.(message)) || this.takeBytes(message.bytes())
  }

  /** Sends a message as it is; false: it has to be written. `done` runs later. */
  say(message: WireMessage, done: () => void): boolean {
    if (this.destroyed || this.writableEnded || this.writableLength > 0 || !this.#out?.say(message)) return false
    process.nextTick(done)
    return true
  }

  takeEnd(): void {
    const tell = this.#sniffer
    this.#sniffer = null
    tell?.(null)
    this.push(null)
  }

  fail(code: 'ECONNRESET' | 'ETIMEDOUT'): void {
    this.owner.whenRunning(() => this.#fail(code))
  }

  #fail(code: 'ECONNRESET' | 'ETIMEDOUT'): void {
    const tell = this.#sniffer
    this.#sniffer = null
    this.#out?.drop()
    if (!this.isTaken) {
      this.destroy()
      this.onLost()
    } else this.destroy(Object.assign(new Error(LAST_WORDS[code]), { code }))
    tell?.(null)
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#out === null) done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    else this.#out.send(bytes, done)
  }

  override _read(): void {
    this.#in?.unblock()
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#out?.end()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#muted) {
      // As a kernel does: closing with unread bytes is a reset, otherwise an ordinary end.
      if (this.readableLength > 0) this.#out?.reset()
      else this.#out?.end()
    }
    this.#in?.unblock()
    done(error)
    process.nextTick(() => {
      this.onGone()
      if (!this.#muted) this.emit('close', error !== null)
    })
  }
}

/** Two ends joined by two flows. `carries`: both addresses are still those of their hosts. */
export function joinLinks(
  clock: VirtualClock,
  near: VirtualLink,
  far: VirtualLink,
  { there, back, carries }: { readonly there: Route; readonly back: Route; readonly carries: () => boolean },
): Flow {
  const outward = new Flow(clock, there, near, far, carries)
  const inward = new Flow(clock, back, far, near, carries)
  outward.back = inward
  inward.back = outward
  near.carry(outward, inward)
  far.carry(inward, outward)
  return outward
}

/** As `dial` and `AcceptedLink.open` hand a link over: with a reader, what arrives goes there. */
export function openedFor(link: VirtualLink, reader: Reader | null | undefined): OpenedLink {
  link.isTaken = true
  if (!reader) return { link, direct: false }
  link.on('data', (bytes: Buffer) => {
    for (let at = 0; at < bytes.length; ) {
      const into = reader.buffer()
      const count = Math.min(into.length, bytes.length - at)
      into.set(bytes.subarray(at, at + count))
      at += count
      if (reader.callback(count)) continue
      link.pause()
      if (at < bytes.length) link.unshift(bytes.subarray(at))
      return
    }
  })
  return { link, direct: true }
}
