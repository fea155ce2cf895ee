// HTTP/1.1 as far as peers speak it: what comes out of the bytes of one direction of a connection.

const MAX_HEAD_BYTES = 16 * 1024

export interface WireHead {
  readonly startLine: string
  /** Lower-case names; repeated ones joined by `, `. */
  readonly headers: Readonly<Record<string, string>>
}

export interface WireEvents {
  head(head: WireHead): void
  body(bytes: Buffer): void
  /** The message is whole. Nothing more is read until `next`. */
  end(): void
  /** `early`: it ended before it was whole; otherwise this is no HTTP. */
  broken(kind: 'early' | 'garbage'): void
}

type Mode = 'head' | 'body' | 'until-close' | 'chunk-size' | 'chunk' | 'chunk-gap' | 'trailer' | 'held' | 'broken'

export class HttpReader {
  readonly #kind: 'request' | 'response'
  readonly #events: WireEvents
  #mode: Mode = 'head'
  #rest: Buffer = Buffer.alloc(0)
  #left = 0

  constructor(kind: 'request' | 'response', events: WireEvents) {
    this.#kind = kind
    this.#events = events
  }

  push(bytes: Buffer): void {
    if (this.#mode === 'broken') return
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    while (this.#step()) {}
  }

  /** A message came that needs no reading: until `next` nothing is read. False: it stands in the middle of another. */
  skip(): boolean {
    if (this.#mode !== 'head' || this.#rest.length > 0) return false
    this.#mode = 'held'
    return true
  }

  /** Nothing comes any more. */
  finish(): void {
    const mode = this.#mode
    if (mode === 'broken' || mode === 'held') return
    this.#mode = 'broken'
    if (mode === 'until-close') this.#events.end()
    else if (mode !== 'head' || this.#rest.length > 0) this.#events.broken('early')
  }

  /** On to the next message of this connection. */
  next(): void {
    if (this.#mode !== 'held') return
    this.#mode = 'head'
    while (this.#step()) {}
  }

  /** One piece of progress; false when more bytes are needed. */
  #step(): boolean {
    switch (this.#mode) {
      case 'head':
        return this.#head()
      case 'body':
      case 'chunk':
        return this.#content()
      case 'until-close': {
        const bytes = this.#take(this.#rest.length)
        if (bytes.length > 0) this.#events.body(bytes)
        return false
      }
      case 'chunk-size': {
        const line = this.#line()
        if (line === null) return false
        const size = /^([0-9a-f]{1,8})\s*(;.*)?$/i.exec(line)
        if (!size) return this.#garbage()
        this.#left = Number.parseInt(size[1] ?? '', 16)
        this.#mode = this.#left === 0 ? 'trailer' : 'chunk'
        return true
      }
      case 'chunk-gap': {
        const line = this.#line()
        if (line === null) return false
        if (line !== '') return this.#garbage()
        this.#mode = 'chunk-size'
        return true
      }
      case 'trailer': {
        const line = this.#line()
        if (line === null) return false
        return line === '' ? this.#whole() : true
      }
      case 'held':
      case 'broken':
        return false
    }
  }

  #head(): boolean {
    const end = this.#rest.indexOf('\r\n\r\n')
    const start = this.#kind === 'response' ? /^H(T(T(P(\/(1(\.)?)?)?)?)?)?/ : /^[A-Z]/
    if (this.#rest.length > 0 && !start.test(this.#rest.subarray(0, 7).toString('latin1'))) return this.#garbage()
    if (end < 0) return this.#rest.length > MAX_HEAD_BYTES ? this.#garbage() : false
    const [startLine = '', ...lines] = this.#take(end + 4)
      .toString('latin1', 0, end)
      .split('\r\n')
    const wellFormed = this.#kind === 'response' ? /^HTTP\/1\.[01] \d{3}/ : /^[A-Z]+ \S+ HTTP\/1\.[01]$/
    if (!wellFormed.test(startLine)) return this.#garbage()
    const headers: Record<string, string> = {}
    for (const line of lines) {
      const parts = /^([^\s:]+):\s*(.*?)\s*$/.exec(line)
      const name = parts?.[1]?.toLowerCase()
      if (name === undefined) return this.#garbage()
      headers[name] = headers[name] === undefined ? (parts?.[2] ?? '') : `${headers[name]}, ${parts?.[2] ?? ''}`
    }
    return this.#begin(startLine, headers)
  }

  #begin(startLine: string, headers: Readonly<Record<string, string>>): boolean {
    if (this.#kind === 'response' && / 1\d\d/.test(startLine)) return true // an interim answer: the real one follows
    const length = headers['content-length']
    if (length !== undefined && !/^\d{1,15}$/.test(length)) return this.#garbage()
    this.#left = Number(length ?? 0)
    const chunked = /chunked$/i.test(headers['transfer-encoding'] ?? '')
    const bodiless = this.#kind === 'response' && / (204|304)/.test(startLine)
    const open = this.#kind === 'response' && length === undefined
    this.#mode = bodiless ? 'body' : chunked ? 'chunk-size' : open ? 'until-close' : 'body'
    if (bodiless) this.#left = 0
    this.#events.head({ startLine, headers })
    return this.#isMode('body') && this.#left === 0 ? this.#whole() : true
  }

  #content(): boolean {
    const bytes = this.#take(Math.min(this.#left, this.#rest.length))
    if (bytes.length === 0) return false
    this.#left -= bytes.length
    this.#events.body(bytes)
    if (this.#left > 0 || this.#isMode('broken')) return false
    if (this.#mode === 'body') return this.#whole()
    this.#mode = 'chunk-gap'
    return true
  }

  #whole(): boolean {
    this.#mode = 'held'
    this.#events.end()
    return !this.#isMode('held')
  }

  #garbage(): boolean {
    this.#mode = 'broken'
    this.#events.broken('garbage')
    return false
  }

  #line(): string | null {
    const end = this.#rest.indexOf('\r\n')
    return end < 0 ? null : this.#take(end + 2).toString('latin1', 0, end)
  }

  #take(count: number): Buffer {
    const bytes = this.#rest.subarray(0, count)
    this.#rest = this.#rest.subarray(count)
    return bytes
  }

  /** What an event's listener may have made of it. */
  #isMode(mode: Mode): boolean {
    return this.#mode === mode
  }
}

export function headText(startLine: string, headers: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${startLine}\r\n${lines.join('')}\r\n`
}
