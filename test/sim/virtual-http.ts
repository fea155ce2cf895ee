import type { Link } from '../../src/frp/links/link.ts'
import { fresh } from '../../src/io/network/fresh-request.ts'
import { punctual, timedSeries } from '../../src/io/network/timed-series.ts'
import { ToldAll } from '../../src/io/network/told-all.ts'
import type { Clock, Failure, Http, PeerAnswer, PeerRequest } from '../../src/ports.ts'
import { isFailure } from '../../src/ports.ts'
import { writeFiller } from './filler.ts'
import { HttpReader, headText, type WireEvents, type WireHead } from './http-reader.ts'
import { connectMsOf, dialChannel, memberOf, type VirtualSelf } from './virtual-channel.ts'
import { serveVirtual } from './virtual-http-server.ts'
import { VirtualLink } from './virtual-link.ts'
import { failed, type HostNetwork } from './virtual-network.ts'
import { type WireMessage, wireMessage } from './wire-message.ts'

const NOTHING = Buffer.alloc(0)
const DEFAULT_MAX_BYTES = 1024 * 1024
/** A connection nobody used for so long is given up; one of the members' channel as the thread that measures does it. */
const IDLE_MS = 25_000
const CHANNEL_IDLE_MS = 60_000

/** One request and what came of it, as it went over a connection: what it cost. */
export interface Exchange {
  readonly address: string
  readonly path: string
  /** Heads and bodies, without what TLS and TCP add. */
  readonly sentBytes: number
  readonly receivedBytes: number
  /** It had a connection made for it. */
  readonly isFirst: boolean
}

/** HTTP over the virtual network, byte by byte, so that it also passes through listeners that know nothing of it. */
export function createVirtualHttp(
  network: HostNetwork,
  clock: Clock,
  onBug: (error: unknown) => void,
  self?: VirtualSelf,
  onExchange: (exchange: Exchange) => void = () => {},
): Http {
  const clear = new WarmLinks(1)
  const channels = new WarmLinks(1)
  const closed = new ToldAll<string>()
  const apart = new WeakMap<object, WarmLinks>()
  let tokens = 0
  const warmOf = ({ over, apart: lot }: PeerRequest): WarmLinks => {
    if (lot === undefined) return over === 'channel' ? channels : clear
    const links = apart.get(lot) ?? new WarmLinks(8)
    apart.set(lot, links)
    return links
  }
  const requestOnce: Http['request'] = async (address, request) => {
    const warm = warmOf(request)
    const around = { network, clock, self, warm, onExchange, onClosed: warm === channels ? closed.tell : () => {} }
    const answer = await exchange(around, address, request)
    if (answer !== 'stale') return answer
    // The peer closed it the moment it was used: that says nothing about the peer.
    const second = await exchange(around, address, request)
    return second === 'stale' ? failed('reset', 'connection reset') : second
  }
  return {
    request: async (address, request) => {
      const { timed, timeoutMs } = request
      if (timed === undefined) return requestOnce(address, request)
      const ask = async (leftMs: number) => {
        const { headers, check } = fresh(request, () => (tokens++).toString(16).padStart(16, '0'))
        return punctual(check(await requestOnce(address, { ...request, headers, timeoutMs: leftMs })))
      }
      return timedSeries({ timed, timeoutMs }, { now: () => clock.now(), ask })
    },
    dropWarm: () => {
      for (const warm of [clear, channels])
        for (const kept of warm.takeAll()) {
          clock.clearTimeout(kept.idle)
          kept.listener = DEAF
          kept.link.destroy()
        }
    },
    onClosed: closed.add,
    serve: (options) => serveVirtual(network, clock, options, { onBug, self }),
  }
}

interface Around {
  readonly network: HostNetwork
  readonly clock: Clock
  readonly self: VirtualSelf | undefined
  readonly warm: WarmLinks
  readonly onExchange: (exchange: Exchange) => void
  /** The other end closed a connection that was warm. */
  readonly onClosed: (address: string) => void
}

/** A connection to one peer and whoever waits for what comes out of it. */
interface WarmLink {
  readonly link: Link
  listener: { data(bytes: Buffer): void; message(message: WireMessage): boolean; end(): void; error(error: Error): void }
  idle: unknown
}

/** Connections that wait for the next request, so many to each address. */
class WarmLinks {
  readonly #most: number
  readonly #links = new Map<string, WarmLink[]>()

  constructor(most: number) {
    this.#most = most
  }

  take(address: string): WarmLink | undefined {
    return this.#links.get(address)?.shift()
  }

  takeAll(): readonly WarmLink[] {
    const all = [...this.#links.values()].flat()
    this.#links.clear()
    return all
  }

  /** False: there are enough. */
  keep(address: string, link: WarmLink): boolean {
    const links = this.#links.get(address)
    if (links === undefined) this.#links.set(address, [link])
    else if (links.length < this.#most) links.push(link)
    else return false
    return true
  }

  forget(address: string, link: WarmLink): void {
    const rest = (this.#links.get(address) ?? []).filter((one) => one !== link)
    if (rest.length > 0) this.#links.set(address, rest)
    else this.#links.delete(address)
  }
}

async function exchange(around: Around, address: string, request: PeerRequest): Promise<PeerAnswer | Failure | 'stale'> {
  const { clock, warm } = around
  if (request.signal?.aborted) return failed('aborted', 'it was called off')
  const startMs = clock.now()
  const kept = warm.take(address)
  if (kept) {
    clock.clearTimeout(kept.idle)
    return ask(around, kept, address, request, { startMs, connectMs: null })
  }
  const opened = await dial(around, address, request)
  if ('type' in opened && isFailure(opened)) return opened
  const { link } = opened
  const fresh: WarmLink = { link, listener: DEAF, idle: null }
  link.on('data', (bytes) => fresh.listener.data(bytes))
  if (link instanceof VirtualLink) link.onMessage = (message) => fresh.listener.message(message)
  link.on('error', (error) => fresh.listener.error(error))
  link.on('end', () => fresh.listener.end())
  link.on('close', () => fresh.listener.end())
  return ask(around, fresh, address, request, { startMs, connectMs: connectMsOf(link) ?? clock.now() - startMs })
}

async function dial({ network, clock, self }: Around, address: string, { timeoutMs, signal, admit, over }: PeerRequest) {
  const options = { timeoutMs, ...(signal ? { signal } : {}), ...(admit ? { admit } : {}) }
  if (over !== 'channel') return network.dial(address, options)
  return self ? dialChannel(network, clock, self, address, options, null) : failed('protocol', "this node has no members' channel")
}

const DEAF: WarmLink['listener'] = { data: () => {}, message: () => false, end: () => {}, error: () => {} }

interface Dialled {
  readonly startMs: number
  readonly connectMs: number | null
}

function ask(
  { clock, warm, onExchange, onClosed }: Around,
  kept: WarmLink,
  address: string,
  request: PeerRequest,
  { startMs, connectMs }: Dialled,
): Promise<PeerAnswer | Failure | 'stale'> {
  const { timeoutMs, maxBytes = DEFAULT_MAX_BYTES, onBytes, signal } = request
  const { link } = kept
  const sentMs = clock.now()
  const by = memberOf(link)
  if (request.expect !== undefined && request.expect !== by) {
    link.destroy()
    return Promise.resolve(failed('protocol', 'another node answers there'))
  }
  return new Promise((resolve) => {
    let head: WireHead | null = null
    let bytes = 0
    let sent = false
    let written = 0
    let receivedBytes = 0
    const arrived = (): number => bytes
    const pieces: Buffer[] = []
    const settle = (answer: PeerAnswer | Failure | 'stale', reusable: boolean): void => {
      clock.clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      kept.listener = DEAF
      request.onSent?.(written)
      onExchange({ address, path: request.path, sentBytes: written, receivedBytes, isFirst: connectMs !== null })
      if (!(reusable && sent && !link.destroyed && warm.keep(address, kept))) link.destroy()
      else stayWarm()
      resolve(answer)
    }
    const stayWarm = (): void => {
      const forget = (): void => {
        kept.listener = DEAF
        warm.forget(address, kept)
        clock.clearTimeout(kept.idle)
        link.destroy()
      }
      const closed = (): void => {
        forget()
        onClosed(address)
      }
      kept.listener = { ...DEAF, data: forget, end: closed, error: closed }
      kept.idle = clock.setTimeout(forget, request.over === 'channel' ? CHANNEL_IDLE_MS : IDLE_MS)
    }
    const finish = (reusable: boolean): void => {
      const status = Number(head?.startLine.split(' ')[1])
      const timing = { connectMs, answerMs: clock.now() - sentMs }
      const keepAlive = reusable && head?.headers.connection?.toLowerCase() !== 'close' && head?.startLine.startsWith('HTTP/1.1') === true
      settle({ type: 'answer', by, status, headers: head?.headers ?? {}, body: Buffer.concat(pieces), timing }, keepAlive)
    }
    const broken = (): void => {
      if (connectMs === null && head === null) settle('stale', false)
      else settle(failed('reset', 'connection reset'), false)
    }
    const abort = (): void => settle(failed('aborted', 'it was called off'), false)
    const timer = clock.setTimeout(
      () => settle(failed('timeout', 'it did not answer in time'), false),
      Math.max(0, startMs + timeoutMs - sentMs),
    )
    signal?.addEventListener('abort', abort, { once: true })
    let done = false
    const events: WireEvents = {
      head: (given) => {
        head = given
      },
      body: (piece) => {
        if (done) return
        bytes += piece.length
        if (!onBytes) pieces.push(piece)
        done = onBytes ? !onBytes(piece.length, arrived) : bytes > maxBytes
        if (!done) return
        if (onBytes) finish(false)
        else settle(failed('protocol', `its answer is over ${maxBytes} bytes`), false)
      },
      end: () => {
        if (!done) finish(true)
      },
      broken: (kind) => (kind === 'early' ? broken() : settle(failed('protocol', 'it speaks another protocol'), false)),
    }
    let reader: HttpReader | null = null
    kept.listener = {
      data: (piece) => {
        receivedBytes += piece.length
        reader ??= new HttpReader('response', events)
        reader.push(piece)
      },
      message: (message) => {
        if (reader !== null) return false
        receivedBytes += message.byteLength
        events.head(message.head)
        if (message.body.length > 0) events.body(message.body)
        events.end()
        return true
      },
      end: () => {
        if (head === null) broken()
        else reader?.finish()
      },
      error: (error) =>
        'code' in error && error.code === 'ETIMEDOUT' ? settle(failed('timeout', 'it did not answer in time'), false) : broken(),
    }
    const allSent = (): void => {
      sent = true
    }
    send(link, address, request, allSent, (count) => {
      written += count
    })
  })
}

function send(
  link: Link,
  address: string,
  { method, path, headers, body }: PeerRequest,
  sent: () => void,
  onPiece: (bytes: number) => void,
): void {
  const content = body instanceof Uint8Array ? Buffer.from(body) : NOTHING
  const fillerBytes = body === undefined || body instanceof Uint8Array ? 0 : body.bytes
  const length = body === undefined ? {} : { 'content-length': content.length + fillerBytes }
  const startLine = `${method} ${path} HTTP/1.1`
  const given = { host: address, 'user-agent': 'moonwalk', ...headers, ...length }
  const message = fillerBytes === 0 && link instanceof VirtualLink ? wireMessage(startLine, given, content) : null
  if (message !== null && link instanceof VirtualLink && link.say(message, sent)) return onPiece(message.byteLength)
  const first = message?.bytes() ?? Buffer.concat([Buffer.from(headText(startLine, given)), content])
  onPiece(first.length)
  link.write(first, fillerBytes === 0 ? () => sent() : undefined)
  if (fillerBytes > 0) writeFiller(link, fillerBytes, sent, onPiece)
}
