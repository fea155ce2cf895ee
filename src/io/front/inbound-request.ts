// One HTTP request as the node's routes see it, and the answer's way back.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { finished } from 'node:stream'
import type { InboundRequest, Reply } from '../../ports.ts'
import { fillerStream } from '../network/filler.ts'
import { memberAt } from '../network/members-channel.ts'
import { remoteOf } from '../network/socket-ends.ts'
import { readFilePart } from './multipart.ts'

export function inboundRequest(message: IncomingMessage): InboundRequest {
  const [path, query] = targetOf(message.url ?? '/')
  return {
    by: memberAt(message.socket),
    method: message.method ?? 'GET',
    path,
    query: new URLSearchParams(query),
    headers: plainHeaders(message),
    remote: remoteOf(message.socket),
    body: (maxBytes) => collect(message, maxBytes),
    filePart: (field, maxBytes) => readFilePart(message, field, maxBytes),
    drain: (onBytes) => drain(message, onBytes),
  }
}

/** A name that came more than once has its values joined. */
export const plainHeaders = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value = '']) => [name, typeof value === 'string' ? value : value.join(', ')]))

/** Path and query. A proxy's clients send the whole URL; of that only the same two count. */
function targetOf(target: string): readonly [path: string, query: string] {
  const origin = /^https?:\/\/[^/?]*/i.exec(target)?.[0] ?? ''
  const rest = target.slice(origin.length)
  const mark = rest.indexOf('?')
  return mark < 0 ? [rest || '/', ''] : [rest.slice(0, mark) || '/', rest.slice(mark + 1)]
}

/** What is too much is read and dropped, since a client may read the answer only then. */
function collect(message: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = []
    let bytes = 0
    message.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (bytes <= maxBytes) pieces.push(piece)
      else pieces.length = 0
    })
    finished(message, { writable: false }, (error) => resolve(error || bytes > maxBytes ? null : Buffer.concat(pieces)))
  })
}

function drain(message: IncomingMessage, onBytes: (bytes: number) => boolean): Promise<number> {
  return new Promise((resolve) => {
    let bytes = 0
    const count = (piece: Buffer): void => {
      bytes += piece.length
      if (onBytes(piece.length)) return
      message.removeListener('data', count).resume()
      resolve(bytes)
    }
    message.on('data', count)
    finished(message, { writable: false }, () => resolve(bytes))
  })
}

export function send(response: ServerResponse, { status, headers, body, onDone }: Reply): void {
  if (onDone) {
    if (response.destroyed)
      onDone() // its 'close' has been told already
    else response.once('close', onDone)
  }
  const type = { 'content-type': 'text/plain; charset=utf-8' }
  if (typeof body === 'object' && 'type' in body) {
    response.writeHead(status, { ...type, ...headers, 'content-length': body.bytes })
    const filler = fillerStream(body.bytes)
    response.once('close', () => filler.destroy())
    filler.pipe(response)
    return
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  response.writeHead(status, { ...type, ...headers, 'content-length': bytes.length })
  response.end(bytes)
}
