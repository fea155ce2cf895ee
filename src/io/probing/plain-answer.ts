// An answer as nodes give it to a look: a head of a few lines, and a body whose length it says.

export interface PlainAnswer {
  readonly status: number
  /** Lower-case names; what came more than once is joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** The connection may be used again. */
  readonly isKept: boolean
}

const MOST_HEAD_BYTES = 16 << 10
const STATUS = /^HTTP\/1\.1 ([2-5]\d\d)(?: |$)/
const LINE = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/
const LENGTH = /^\d{1,9}$/

/**
 * The answer in what has come so far. Null: it is not whole. `odd`: it is written in another way (in pieces, without a length, with hints
 * before it), or more came than was asked for: this is no reader of all HTTP.
 */
export function readPlainAnswer(bytes: Buffer): PlainAnswer | 'odd' | null {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return bytes.length > MOST_HEAD_BYTES ? 'odd' : null
  if (headEnd > MOST_HEAD_BYTES) return 'odd'
  const [first = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const status = STATUS.exec(first)?.[1]
  const headers = headersIn(lines)
  if (status === undefined || headers === null) return 'odd'
  const { 'content-length': length = '', 'transfer-encoding': encoding, connection = '' } = headers
  if (!LENGTH.test(length) || encoding !== undefined) return 'odd'
  const end = headEnd + 4 + Number(length)
  if (bytes.length > end) return 'odd'
  if (bytes.length < end) return null
  return { status: Number(status), headers, body: bytes.subarray(headEnd + 4), isKept: !/close/i.test(connection) }
}

/** Null: one of them is none. */
function headersIn(lines: readonly string[]): Record<string, string> | null {
  const headers: Record<string, string> = Object.create(null)
  for (const line of lines) {
    const [, name, value = ''] = LINE.exec(line) ?? []
    if (name === undefined) return null
    const key = name.toLowerCase()
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`
  }
  return { ...headers }
}
