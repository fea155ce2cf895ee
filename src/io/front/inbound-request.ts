// One HTTP request as the node's routes see it, and the answer's way back.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { finished } from 'node:stream'
import type { InboundRequest, OnBytes, Reply } from '../../ports.ts'
import { fillerStream, fitForFiller } from '../network/filler.ts'
import { memberAt, meterOf } from '../network/members-channel.ts'
import { plainHeaders } from '../network/plain-headers.ts'
import { remoteOf } from '../network/socket-ends.ts'
import type { BodyBudget, HeldBody } from './body-budget.ts'
import { readFilePart } from './multipart.ts'
import { watchPace } from './pace.ts'
import type { PublicPortLimits } from './public-port-options.ts'
import { onceOver } from './response-end.ts'

export interface InboundNeeds {
  readonly bodies: BodyBudget
  /** What a member sends is not given up for want of room. */
  readonly isMember: boolean
}

export function inboundRequest(message: IncomingMessage, response: ServerResponse, { bodies, isMember }: InboundNeeds): InboundRequest {
  const [path, query] = pathAndQuery(message.url ?? '/')
  const remote = remoteOf(message.socket)
  /** Memory for the body, until the request is answered. `onGivenUp`: it is lost, and that was answered. */
  const hold = (onGivenUp: () => void): HeldBody => {
    const held = bodies.begin(remote.host, () => {
      onGivenUp()
      if (!response.headersSent) send(response, GIVEN_UP)
      message.resume()
    })
    if (isMember) held.complete()
    onceOver(response, held.end)
    return held
  }
  return {
    by: memberAt(message.socket),
    method: message.method ?? 'GET',
    path,
    query: new URLSearchParams(query),
    headers: plainHeaders(message),
    remote,
    body: (maxBytes) => collect(message, maxBytes, hold),
    filePart: async (field, maxBytes) => {
      const pieces: Buffer[] = []
      let isGivenUp = false
      const held = hold(() => {
        isGivenUp = true
        pieces.length = 0
      })
      const keep = (piece: Buffer): void => {
        if (isGivenUp) return
        pieces.push(piece)
        held.grew(piece.length)
      }
      const part = await readFilePart(message, { field, maxBytes, onPiece: keep })
      held.complete()
      return part === null || isGivenUp ? null : { name: part.name, content: Buffer.concat(pieces) }
    },
    fileSize: (field, maxBytes) => readFilePart(message, { field, maxBytes, onPiece: () => {} }),
    drain: (onBytes) => drain(message, onBytes),
  }
}

const GIVEN_UP: Reply = {
  status: 503,
  headers: { connection: 'close', 'retry-after': '5' },
  body: 'too many requests with bodies are under way here: come again\n',
}

/** Of a request's target. A proxy's clients send the whole URL; of that only the same two count. */
export function pathAndQuery(target: string): readonly [path: string, query: string] {
  const origin = /^https?:\/\/[^/?]*/i.exec(target)?.[0] ?? ''
  const rest = target.slice(origin.length)
  const mark = rest.indexOf('?')
  return mark < 0 ? [rest || '/', ''] : [rest.slice(0, mark) || '/', rest.slice(mark + 1)]
}

/** What is too much is read and dropped, since a client may read the answer only then. */
function collect(message: IncomingMessage, maxBytes: number, hold: (onGivenUp: () => void) => HeldBody): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = []
    let bytes = 0
    let isLost = false
    const lose = (): void => {
      isLost = true
      pieces.length = 0
    }
    const held = hold(lose)
    message.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (bytes > maxBytes) {
        lose()
        held.end()
      }
      if (isLost) return
      pieces.push(piece)
      held.grew(piece.length)
    })
    finished(message, { writable: false }, (error) => {
      held.complete()
      resolve(error || isLost ? null : Buffer.concat(pieces))
    })
  })
}

function drain(message: IncomingMessage, onBytes: OnBytes): Promise<number> {
  return new Promise((resolve) => {
    let bytes = 0
    const arrived = meterOf(message.socket)
    const count = (piece: Buffer): void => {
      bytes += piece.length
      if (onBytes(piece.length, arrived)) return
      message.removeListener('data', count).resume()
      resolve(bytes)
    }
    message.on('data', count)
    finished(message, { writable: false }, () => resolve(bytes))
  })
}

/** What may hold an answer up, see `PublicPortLimits`, and the memory it takes until it has gone out. */
interface AnswerLimits extends Pick<PublicPortLimits, 'requestMs' | 'paceMs' | 'paceBytes'> {
  readonly hold: (giveUp: () => void) => HeldBody
}

/** Where the request was answered already, as when its body was given up, this is dropped. Without limits it may take any time. */
export function send(response: ServerResponse, { status, headers, body, isBare, onDone, signal }: Reply, limits?: AnswerLimits): void {
  if (onDone) {
    if (response.destroyed || response.headersSent)
      onDone(0) // its 'close' has been told already, or is another answer's
    else {
      const { socket } = response.req
      const before = socket.bytesWritten
      onceOver(response, () => onDone(socket.bytesWritten - before))
    }
  }
  if (response.headersSent) return
  const breakOff = (): void => void response.destroy()
  if (signal?.aborted) return breakOff()
  signal?.addEventListener('abort', breakOff, { once: true })
  if (signal) onceOver(response, () => signal.removeEventListener('abort', breakOff))
  const type = isBare ? {} : { 'content-type': 'text/plain; charset=utf-8' }
  if (isBare) response.sendDate = false
  // It is kept all the same: that is what HTTP/1.1 means without a word about it. And a node is not told the shorter time that others have.
  if (isBare || memberAt(response.req.socket) !== null) response.removeHeader('connection')
  if (typeof body === 'object' && 'type' in body) {
    response.writeHead(status, { ...type, ...headers, 'content-length': body.bytes })
    sendFiller(response, body.bytes, limits)
    return
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  response.writeHead(status, { ...type, ...headers, 'content-length': bytes.length })
  response.end(bytes)
  if (limits === undefined) return
  const { socket } = response.req
  const timer = setTimeout(breakOff, limits.requestMs)
  const held = limits.hold(() => socket.destroy())
  onceOver(response, () => {
    clearTimeout(timer)
    held.end()
  })
  held.grew(bytes.length)
}

/** It may take as long as it moves. */
function sendFiller(response: ServerResponse, bytes: number, limits: AnswerLimits | undefined): void {
  const filler = fillerStream(bytes)
  let sent = 0
  filler.on('data', (piece: Buffer) => {
    sent += piece.length
  })
  fitForFiller(response.socket)
  filler.pipe(response)
  response.once('close', () => filler.destroy())
  if (limits === undefined) return
  const { paceMs: windowMs, paceBytes: minBytes } = limits
  const stop = watchPace({ total: () => sent, windowMs, minBytes, onSlow: () => response.destroy() })
  let last: NodeJS.Timeout | undefined
  // What is still in the system's buffers then is not seen moving.
  filler.once('end', () => {
    stop()
    last = setTimeout(() => response.destroy(), limits.requestMs)
  })
  response.once('close', () => {
    stop()
    clearTimeout(last)
  })
}
