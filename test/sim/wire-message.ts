// An HTTP message that one end of the virtual network hands to the other as it is, where both can: it is counted as its bytes are, but never
// written out and read again. Most of what whole nodes say to each other goes so.
import { headText, type WireHead } from './http-reader.ts'

export interface WireMessage {
  readonly type: 'message'
  readonly head: WireHead
  readonly body: Buffer
  readonly byteLength: number
  /** As it would be on a real wire, for whoever is no HTTP reader. */
  bytes(): Buffer
}

type Headers = Readonly<Record<string, string | number>>

const PLAIN_START = /^(?:[A-Z]+ [!-~]+ HTTP\/1\.[01]|HTTP\/1\.[01] (?!1\d\d|204|304)\d{3} [ -~]*)$/
const PLAIN = /^[ -~]*$/
const LINE_END = 2
/** The colon, the space and the end of a header's line. */
const BETWEEN = 4

/** Null: only its bytes say what it is. */
export function wireMessage(startLine: string, headers: Headers, body: Buffer): WireMessage | null {
  if (!PLAIN_START.test(startLine)) return null
  const read: Record<string, string> = {}
  let byteLength = startLine.length + 2 * LINE_END + body.length
  for (const name in headers) {
    const key = name.toLowerCase()
    const value = String(headers[name])
    if (key in read || !PLAIN.test(value) || !PLAIN.test(name)) return null
    read[key] = value.trim()
    byteLength += name.length + value.length + BETWEEN
  }
  return {
    type: 'message',
    head: { startLine, headers: read },
    body,
    byteLength,
    bytes: () => Buffer.concat([Buffer.from(headText(startLine, headers)), body]),
  }
}
