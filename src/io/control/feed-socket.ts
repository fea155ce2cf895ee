// GET /feed. One rendering of the node serves every reader; a reader that falls behind is sent less, and newer.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import type { MoonwalkNode, PeerAnswerRow, PeersAnswer } from '../../answers.ts'
import {
  appendNews,
  changed,
  type DirtyParts,
  deltaText,
  hasMoved,
  isClean,
  mergeDirty,
  type NewsByKind,
  NO_NEWS,
  NOTHING_DIRTY,
  type Rendered,
  type RenderedFigures,
  renderFigures,
  renderNode,
  snapshotText,
} from '../../feed/delta.ts'
import { figuresOf, type TableCounts, withoutFigures } from '../../feed/figures.ts'
import type { Entry } from '../../feed/news.ts'
import { isMeasurement } from '../../feed/news-kinds.ts'
import type { Clock } from '../../ports.ts'
import { FEED_PROTOCOL } from './control-guard.ts'

/** From news to the delta that tells of it: what happens together is told together. At most 1000 / this deltas a second. */
const BATCH_MS = 150
/** A rendering without news: ages and rates move on too. */
const REFRESH_MS = 2_000
/** From one reading of the figures to the next, at least; while they move a rendering comes this often. */
const FIGURES_MS = 1_000
/** Rendering may take this share of the time, however large the table. */
const MAX_SHARE = 0.1
/** A reader with more than this still to read is slow, until it has less than `CAUGHT_UP_BYTES`. */
const SLOW_BYTES = 256 * 1024
const CAUGHT_UP_BYTES = 32 * 1024
/** How often a slow reader is looked after. */
const SLOW_POLL_MS = 100
/** A reader that keeps up hears something this often at least, if only an empty delta: a page says within 3 s that it hears nothing. */
const HEARTBEAT_MS = 1_000
/** A reader that did not answer the last ping by the next is gone. */
const PING_MS = 15_000
/** From saying goodbye to hanging up. */
const GOODBYE_MS = 250
const MAX_READERS = 64
/** Entries of each kind in one message. */
const MAX_NEWS = 50
const MAX_MESSAGE_BYTES = 64 * 1024
/** Rows that a reader is told of: the nearest, and this node's own. `GET /api/peers` has the others, in pages. */
const MOST_PEERS = 200

export interface FeedSocket {
  /** Takes over an upgrade that was let in. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, format: 'deltas' | 'entries'): Promise<void>
  close(): void
}

interface Reader {
  readonly socket: WebSocket
  readonly format: 'deltas' | 'entries'
  /** What it holds once all that was sent is read. */
  seq: number
  slow: boolean
  dirty: DirtyParts
  /** Not sent yet. */
  told: NewsByKind
  answeredPing: boolean
}

/** What is told of the table, and its counts where that is not all of it. */
function shownOf({ peers, page }: PeersAnswer): { readonly peers: readonly PeerAnswerRow[]; readonly counts: TableCounts | null } {
  if (page === undefined || page.total <= peers.length) return { peers, counts: null }
  const { here, alive, offline, self } = page
  const isThere = self === null || peers.some((row) => row.self)
  return { peers: isThere ? peers : [self, ...peers], counts: { here, alive, offline } }
}

export function createFeedSocket({ node, clock }: { readonly node: MoonwalkNode; readonly clock: Clock }): FeedSocket {
  const readers = new Set<Reader>()
  let server: WebSocketServer | null = null
  let closed = false
  let seq = 0
  let rendered: Rendered | null = null
  let figures: { readonly rendered: RenderedFigures; readonly atMs: number } | null = null
  let moving = false
  let fresh = NO_NEWS
  let tick: unknown = null
  let tickAt = 0
  let restUntil = 0
  let toldAt = 0
  let ping: unknown = null
  let beat: unknown = null
  let stopNews: (() => void) | null = null

  function render(): Rendered {
    const status = node.status()
    if (figures === null || clock.now() - figures.atMs >= FIGURES_MS)
      figures = { rendered: renderFigures(figuresOf(status)), atMs: clock.now() }
    const { peers, counts } = shownOf(node.peers('all', { limit: MOST_PEERS }))
    const told = withoutFigures(status)
    return renderNode(counts === null ? told : { ...told, table: counts }, peers, node.activeStates(), figures.rendered)
  }

  function tickIn(ms: number): void {
    const at = Math.max(clock.now() + ms, restUntil)
    if (tick !== null && tickAt <= at) return
    if (tick !== null) clock.clearTimeout(tick)
    tickAt = at
    tick = clock.setTimeout(onTick, Math.max(0, at - clock.now()))
  }

  function onTick(): void {
    tick = null
    const startedAt = clock.now()
    bringUpToDate()
    restUntil = clock.now() + (clock.now() - startedAt) / MAX_SHARE
    if (readers.size > 0) tickIn([...readers].some(({ slow }) => slow) ? SLOW_POLL_MS : moving ? FIGURES_MS : REFRESH_MS)
  }

  function bringUpToDate(): void {
    const before = rendered ?? render()
    const after = render()
    const dirty = changed(before, after)
    if (before.clients !== after.clients) moving = hasMoved(dirty)
    const [told, from] = [fresh, seq]
    rendered = after
    fresh = NO_NEWS
    const moved = !isClean(dirty) || told !== NO_NEWS
    if (moved) seq += 1
    if (moved) toldAt = clock.now()
    // One text for all who keep up.
    const shared = moved ? Buffer.from(deltaText(from, seq, after, dirty, told)) : null
    for (const reader of readers) {
      if (reader.format === 'entries') continue
      reader.slow = isSlow(reader)
      if (reader.slow) {
        reader.dirty = mergeDirty(reader.dirty, dirty)
        reader.told = appendNews(reader.told, told, MAX_NEWS)
      } else if (reader.seq === from && shared) {
        reader.socket.send(shared, { binary: false })
        reader.seq = seq
      } else if (reader.seq !== seq) {
        reader.socket.send(deltaText(reader.seq, seq, after, mergeDirty(reader.dirty, dirty), appendNews(reader.told, told, MAX_NEWS)))
        Object.assign(reader, { seq, dirty: NOTHING_DIRTY, told: NO_NEWS })
      }
    }
  }

  /** Apart from the renderings, which may take long and then rest. */
  function onBeat(): void {
    beat = clock.setTimeout(onBeat, HEARTBEAT_MS)
    if (rendered === null || clock.now() - toldAt < HEARTBEAT_MS) return
    toldAt = clock.now()
    const nothing = deltaText(seq, seq, rendered, NOTHING_DIRTY, NO_NEWS)
    for (const reader of readers) if (reader.format === 'deltas' && reader.seq === seq && !isSlow(reader)) reader.socket.send(nothing)
  }

  const isSlow = ({ slow, socket }: Reader) => socket.bufferedAmount > (slow ? CAUGHT_UP_BYTES : SLOW_BYTES)

  function onNews(entry: Entry): void {
    const one = isMeasurement(entry) ? { news: [], measurements: [entry] } : { news: [entry], measurements: [] }
    fresh = appendNews(fresh, one, MAX_NEWS)
    const text = JSON.stringify(entry)
    for (const { format, socket } of readers) if (format === 'entries' && socket.bufferedAmount <= SLOW_BYTES) socket.send(text)
    tickIn(BATCH_MS)
  }

  function onPing(): void {
    ping = readers.size > 0 ? clock.setTimeout(onPing, PING_MS) : null
    for (const reader of readers) {
      if (!reader.answeredPing) reader.socket.terminate()
      else {
        reader.answeredPing = false
        reader.socket.ping()
      }
    }
  }

  function admit(socket: WebSocket, format: 'deltas' | 'entries'): void {
    const first = readers.size === 0
    if (first) stopNews = node.onNews(onNews)
    if (first || !rendered) rendered = render()
    // Those already here must not miss what is new in this one.
    else bringUpToDate()
    const reader: Reader = { socket, format, seq, slow: false, dirty: NOTHING_DIRTY, told: NO_NEWS, answeredPing: true }
    readers.add(reader)
    socket.on('pong', () => {
      reader.answeredPing = true
    })
    socket.on('error', () => socket.terminate())
    socket.on('close', () => leave(reader))
    if (format === 'deltas') socket.send(snapshotText(seq, rendered, node.recentNews(MAX_NEWS)))
    ping ??= clock.setTimeout(onPing, PING_MS)
    beat ??= clock.setTimeout(onBeat, HEARTBEAT_MS)
    tickIn(REFRESH_MS)
  }

  function leave(reader: Reader): void {
    readers.delete(reader)
    if (readers.size > 0) return
    stopNews?.()
    if (tick !== null) clock.clearTimeout(tick)
    if (ping !== null) clock.clearTimeout(ping)
    if (beat !== null) clock.clearTimeout(beat)
    stopNews = tick = ping = beat = rendered = figures = null
    moving = false
    fresh = NO_NEWS
  }

  return {
    async upgrade(request, socket, head, format) {
      const { WebSocketServer } = await import('ws')
      if (closed || socket.destroyed || readers.size >= MAX_READERS) {
        socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
        return
      }
      server ??= new WebSocketServer({
        noServer: true,
        perMessageDeflate: false,
        maxPayload: MAX_MESSAGE_BYTES,
        clientTracking: false,
        // Never the one that carries the token: an answer is kept and shown in more places than a question.
        handleProtocols: (offered) => (offered.has(FEED_PROTOCOL) ? FEED_PROTOCOL : false),
      })
      server.handleUpgrade(request, socket, head, (open) => admit(open, format))
    },
    close() {
      closed = true
      for (const { socket } of [...readers]) {
        socket.close(1001, 'the node stops')
        clock.setTimeout(() => socket.terminate(), GOODBYE_MS)
      }
    },
  }
}
