// How a client's streams reach the TURN: all in one connection (mux), or each in a connection of its own.
import { throwBug } from '../bugs.ts'
import type { FrpClientOptions, FrpFailure } from '../contract.ts'
import { createConnectionStream } from '../links/connection-stream.ts'
import type { OpenedLink } from '../links/link.ts'
import { createMux } from '../mux/mux.ts'
import type { MuxStream } from '../mux/mux-contract.ts'

export interface Transport {
  /** Asks for a stream; answered once, at once with mux: null when none can be had. Never answered once closed. */
  open(onStream: (stream: MuxStream | null) => void): void
  /** The round trip to the other end and back, once. Never told without mux, or once it is over. */
  ping(answered: (rttMs: number) => void): void
  /** The connection of all streams has just ended: `onClosed` follows with the reason. Never without mux. */
  readonly ending: boolean
  /** Ends the connection of all streams; without mux every stream ends for itself. */
  close(why: string): void
}

export interface TransportEvents {
  /** Streams may be asked for. Once. */
  readonly onReady: () => void
  /** No stream lives, and none can be had any more. Once, unless closed before. */
  readonly onClosed: (why: string) => void
}

export const openTransport = (options: FrpClientOptions, events: TransportEvents): Transport =>
  options.mux ? muxTransport(options, events) : plainTransport(options, events)

function muxTransport(
  { clock, tls, keepaliveMs, silenceMs, dialServer, onBug = throwBug }: FrpClientOptions,
  { onReady, onClosed }: TransportEvents,
): Transport {
  let closed = false
  const mux = createMux({
    client: true,
    clock,
    gather: tls,
    keepaliveMs,
    silenceMs,
    onStream: (stream) => stream.reset(), // only clients open streams
    onClose: (why) => {
      if (!closed) onClosed(why)
    },
  })
  const begin = (opened: OpenedLink | FrpFailure): void => {
    if ('type' in opened) {
      if (!closed) onClosed(opened.text)
      return
    }
    if (closed) {
      opened.link.on('error', () => {}) // an unheard error would be thrown
      opened.link.destroy()
      return
    }
    mux.start(opened, null)
    onReady()
  }
  dialServer(mux.reader()).then(begin).catch(onBug)
  return {
    get ending() {
      return mux.closed
    },
    open: (onStream) => onStream(mux.open()),
    ping: (answered) => mux.ping(answered),
    close: (why) => {
      closed = true
      mux.close(why)
    },
  }
}

function plainTransport({ tls, dialServer, onBug = throwBug }: FrpClientOptions, { onReady, onClosed }: TransportEvents): Transport {
  let closed = false
  let first = true
  queueMicrotask(() => {
    if (!closed) onReady()
  })
  return {
    ping: () => {},
    ending: false,
    open: (onStream) => {
      const control = first
      first = false
      const stream = createConnectionStream({ tls })
      const begin = (opened: OpenedLink | FrpFailure): void => {
        if ('type' in opened) {
          if (closed) return
          if (control)
            onClosed(opened.text) // which tells the reason, as `onStream(null)` could not
          else onStream(null)
          return
        }
        if (closed) {
          opened.link.on('error', () => {})
          opened.link.destroy()
          return
        }
        stream.start(opened, null)
        onStream(stream)
      }
      dialServer(stream.reader()).then(begin).catch(onBug)
    },
    close: () => {
      closed = true
    },
  }
}
