// Two sessions, or one session and a bare wire, joined by links in memory.
import type { Link } from '../../src/frp/links/link.ts'
import { createMux } from '../../src/frp/mux/mux.ts'
import type { MuxStream } from '../../src/frp/mux/mux-contract.ts'
import type { Mux, MuxOptions } from '../../src/frp/mux/mux-options.ts'
import { FrameParser } from '../../src/frp/mux/yamux-frame.ts'
import { VirtualClock } from '../sim/virtual-clock.ts'
import { linkPair, openedOf } from './link-pair.ts'

export interface End {
  readonly mux: Mux
  readonly link: Link
  readonly streams: MuxStream[]
  readonly closed: string[]
  onStream: (stream: MuxStream) => void
}

export interface Choices extends Partial<Pick<MuxOptions, 'gather' | 'limits' | 'keepaliveMs' | 'silenceMs'>> {
  /** The session's link reads into the session's own buffers. */
  readonly direct?: boolean
}

export function startEnd(link: Link, client: boolean, clock: VirtualClock, { direct = true, ...options }: Choices = {}): End {
  const streams: MuxStream[] = []
  const closed: string[] = []
  const mux = createMux({
    client,
    gather: false,
    keepaliveMs: 0,
    silenceMs: 10_000,
    ...options,
    limits: { ackDelayMs: 0, flightMaxRttMs: 0, ...options.limits },
    clock,
    onStream: (stream) => {
      streams.push(stream)
      end.onStream(stream)
    },
    onClose: (why) => closed.push(why),
  })
  const end: End = { mux, link, streams, closed, onStream: () => {} }
  mux.start(openedOf(link, direct ? mux.reader() : null), null)
  return end
}

/** Two sessions that talk to each other. */
export function muxPair(choices: Choices = {}): { readonly client: End; readonly server: End; readonly clock: VirtualClock } {
  const clock = new VirtualClock()
  const [near, far] = linkPair()
  return { client: startEnd(near, true, clock, choices), server: startEnd(far, false, clock, choices), clock }
}

/** One session, and its other end by hand. */
export function muxAndWire(choices: Choices & { readonly client?: boolean } = {}): {
  readonly end: End
  readonly clock: VirtualClock
  readonly wire: Link
  /** What the session has sent, a frame a line: `window ack 1 +6029312`, `data 1 "hi"`. */
  readonly sent: string[]
  say(hex: string): void
} {
  const clock = new VirtualClock()
  const [near, far] = linkPair()
  const { client = false, ...rest } = choices
  const end = startEnd(near, client, clock, rest)
  const sent: string[] = []
  let now: Buffer = Buffer.alloc(0)
  let body = ''
  let line: ((body: string) => string) | null = null
  const parser = new FrameParser({
    frame(type, flags, id, length) {
      const names = ['syn', 'ack', 'fin', 'rst'].filter((_, bit) => (flags & (1 << bit)) !== 0)
      const head = [['data', 'window', 'ping', 'goaway'][type], ...names, id].join(' ')
      if (type === 0) line = (text) => `${head} ${text.length > 40 ? `${text.length} bytes` : JSON.stringify(text)}`
      else sent.push(`${head} ${type === 1 ? '+' : ''}${length}`)
    },
    body(from, to) {
      body += now.toString('latin1', from, to)
    },
    bodyEnd() {
      if (line !== null) sent.push(line(body))
      body = ''
      line = null
    },
    broken: (why) => sent.push(`broken: ${why}`),
  })
  far.on('data', (bytes) => {
    now = bytes
    parser.feed(bytes, 0, bytes.length)
  })
  far.on('error', () => {})
  return { end, clock, wire: far, sent, say: (hex) => void far.write(Buffer.from(hex, 'hex')) }
}

/** Until `done` holds, turn by turn of the event loop; gives up after so many. */
export async function until(done: () => boolean, turns = 20_000): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    if (done()) return
    await turnOfLoop()
  }
  throw new Error(`not after ${turns} turns: ${done}`)
}

const turnOfLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
