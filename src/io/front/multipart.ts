// Reads one file from a multipart body, as browsers, curl and Go send them.
import type { IncomingMessage } from 'node:http'
import { finished, type Readable } from 'node:stream'
import { Busboy, type BusboyInstance } from '@fastify/busboy'
import { isBug } from '../network/socket-errors.ts'

export interface FilePart {
  readonly name: string
  readonly bytes: number
}

export interface PartWish {
  readonly field: string
  /** Of its content. */
  readonly maxBytes: number
  /** Told of the content as it comes, whatever becomes of the part. */
  readonly onPiece: (piece: Buffer) => void
}

/** A request, as far as it is looked at here. */
export type Multipart = Readable & Pick<IncomingMessage, 'headers'>

/** What else may stand in the body beside the file. */
const LIMITS = { files: 4, fields: 16, parts: 16, fieldSize: 64 * 1024, headerPairs: 16, headerSize: 4 * 1024 }

/**
 * The first file part of that field name: its file name as sent, slashes and all, and its size. Null: no multipart body, no such part,
 * one over `maxBytes`, or a body that broke off. The body is always read to its end, since a client may read the answer only then.
 */
export function readFilePart(message: Multipart, { field, maxBytes, onPiece }: PartWish): Promise<FilePart | null> {
  return new Promise((resolve) => {
    let found: FilePart | null = null
    let isTaken = false
    const stop = finished(message, (error) => {
      if (error) settle(null)
    })
    message.once('end', () => afterTurns(TURNS_TO_FINISH, () => settle(found)))
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
      if (name !== field || isTaken) return void stream.resume()
      isTaken = true
      let bytes = 0
      let whole = true
      stream.on('data', (piece: Buffer) => {
        bytes += piece.length
        onPiece(piece)
      })
      stream.on('limit', () => {
        whole = false
      })
      stream.on('end', () => {
        if (whole) found = { name: fileName ?? '', bytes }
      })
    })
    parser.once('finish', () => settle(found))
    parser.on('error', () => settle(null))
    message.pipe(parser)
  })
}

/** busboy says that it has finished within a turn or two of the last byte; behind a part whose headers never end it never does. */
const TURNS_TO_FINISH = 10

function afterTurns(count: number, run: () => void): void {
  setImmediate(() => (count === 0 ? run() : afterTurns(count - 1, run)))
}

/** Null where the headers name no multipart body, or one without a boundary. */
function parserFor({ headers }: Multipart, maxBytes: number): BusboyInstance | null {
  const type = headers['content-type']
  if (type === undefined || !/^multipart\/form-data\b/i.test(type)) return null
  try {
    return new Busboy({ headers: { ...headers, 'content-type': type }, preservePath: true, limits: { ...LIMITS, fileSize: maxBytes } })
  } catch (error) {
    if (isBug(error)) throw error
    return null
  }
}
