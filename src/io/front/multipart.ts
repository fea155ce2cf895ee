// Reads one file from a multipart body, as browsers, curl and Go send them.
import type { IncomingMessage } from 'node:http'
import { finished } from 'node:stream'
import { Busboy, type BusboyInstance } from '@fastify/busboy'
import { isBug } from '../network/socket-errors.ts'

export interface FilePart {
  readonly name: string
  readonly content: Buffer
}

/** What else may stand in the body beside the file. */
const LIMITS = { files: 4, fields: 16, parts: 16, fieldSize: 64 * 1024, headerPairs: 16, headerSize: 4 * 1024 }

/**
 * The first file part of that field name, with its file name as sent, slashes and all. Null: no multipart body, no such part,
 * one over `maxBytes`, or a body that broke off. The body is always read to its end, since a client may read the answer only then.
 */
export function readFilePart(message: IncomingMessage, field: string, maxBytes: number): Promise<FilePart | null> {
  return new Promise((resolve) => {
    let found: FilePart | null = null
    const stop = finished(message, (error) => {
      if (error) settle(null)
    })
    const settle = (answer: FilePart | null): void => {
      stop()
      message.unpipe()
      message.resume()
      resolve(answer)
    }
    const parser = parserFor(message, maxBytes)
    if (!parser) return settle(null)
    parser.on('file', (name, stream, fileName) => {
      stream.on('error', () => settle(null))
      if (name !== field || found) return void stream.resume()
      const pieces: Buffer[] = []
      let whole = true
      stream.on('data', (piece: Buffer) => pieces.push(piece))
      stream.on('limit', () => {
        whole = false
      })
      stream.on('end', () => {
        if (whole) found ??= { name: fileName ?? '', content: Buffer.concat(pieces) }
      })
    })
    parser.once('finish', () => settle(found))
    parser.on('error', () => settle(null))
    message.pipe(parser)
  })
}

/** Null where the headers name no multipart body, or one without a boundary. */
function parserFor({ headers }: IncomingMessage, maxBytes: number): BusboyInstance | null {
  const type = headers['content-type']
  if (type === undefined || !/^multipart\/form-data\b/i.test(type)) return null
  try {
    return new Busboy({ headers: { ...headers, 'content-type': type }, preservePath: true, limits: { ...LIMITS, fileSize: maxBytes } })
  } catch (error) {
    if (isBug(error)) throw error
    return null
  }
}
