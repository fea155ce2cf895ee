// A table file read in pieces: the elements of its list one by one, and what stands around them. So a file of any
// size is read without ever being in the memory as a whole.
import { parseJson } from './lenient.ts'

export interface Element {
  /** Undefined: it is no JSON. */
  readonly value: unknown
  /** On which it begins, from 1. */
  readonly line: number
}

interface Listener {
  /** An element of the list, in its order. */
  readonly element: (element: Element) => void
  /** The list begins anew: of two under one name the last counts. */
  readonly restart: () => void
}

const [QUOTE, BACKSLASH, COMMA, COLON, NEWLINE] = [0x22, 0x5c, 0x2c, 0x3a, 0x0a]
/**
 * How a row ends as the node writes it (`tablePieces`). No line ends inside a
 * JSON text, so what is read up to there is whole, or no JSON.
 */
const ROW_END = Buffer.from('\n    }')
const SPACE = 0x20
/** JSON's, and no others. */
const BLANKS = new Set([SPACE, 0x09, 0x0a, 0x0d])
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]

/**
 * `isList`: whether the list stands under that key of the outermost object. Of a
 * text that is no JSON it makes something that is none either.
 */
export class ListScanner {
  readonly #isList: (key: string) => boolean
  readonly #maxDepth: number
  readonly #listener: Listener
  /** What stands around the elements. */
  readonly #around: Buffer[] = []
  /** Bytes that are not taken yet: from the beginning of an element, or of a key. */
  #bytes: Buffer = Buffer.alloc(0)
  /** Up to here they were looked at. */
  #at = 0
  /** From here on they are not taken. */
  #from = 0
  #line = 1
  /** The line on which the element under way begins; 0: nothing of it but spaces has come. */
  #elementLine = 0
  #depth = 0
  #keyFrom = -1
  #key = ''
  #isText = false
  #isEscaped = false
  #isInList = false
  #hasComma = false
  #isTooDeep = false
  /** A row that was read in one go, and where it ends; 0: there is none. */
  #row: unknown = undefined
  #rowEnd = 0
  /** A row was written otherwise. */
  #isByHand = false
  constructor(isList: (key: string) => boolean, maxDepth: number, listener: Listener) {
    this.#isList = isList
    this.#maxDepth = maxDepth
    this.#listener = listener
  }
  push(bytes: Uint8Array): void {
    this.#bytes = this.#bytes.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#bytes, bytes])
    for (; this.#at < this.#bytes.length; this.#at++) this.#take(this.#bytes[this.#at] ?? 0)
    const keep = this.#isInList ? this.#from : this.#keyFrom >= 0 ? this.#keyFrom : this.#at
    if (!this.#isInList) this.#leave(keep)
    this.#bytes = Buffer.from(this.#bytes.subarray(keep))
    this.#at -= keep
    if (this.#rowEnd > 0) this.#rowEnd -= keep
    this.#from = 0
    if (this.#keyFrom >= 0) this.#keyFrom = 0
  }
  /** What stands around the list, whose elements are left out; null: it nests too deep. */
  end(): string | null {
    this.#leave(this.#bytes.length)
    return this.#isTooDeep ? null : Buffer.concat(this.#around).toString('utf8')
  }
  #leave(to: number): void {
    this.#around.push(Buffer.from(this.#bytes.subarray(this.#from, to)))
    this.#from = to
  }
  #take(byte: number): void {
    if (this.#isText) return this.#takeText(byte)
    if (byte === NEWLINE) this.#line++
    const isFirst = this.#isInList && this.#elementLine === 0 && byte > SPACE && byte !== COMMA && byte !== CLOSE_ARRAY
    if (isFirst) this.#elementLine = this.#line
    switch (byte) {
      case QUOTE:
        this.#isText = true
        if (this.#depth === 1) this.#keyFrom = this.#at
        break
      case COLON:
        if (this.#depth === 1 && this.#isList(this.#key)) this.#listener.restart()
        break
      case COMMA:
        if (this.#isInList && this.#depth === 2) this.#element(true)
        break
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        if (!isFirst || byte === OPEN_ARRAY || !this.#readRow()) this.#open(byte)
        break
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        this.#close()
        break
      default:
    }
  }
  #takeText(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false
    else if (byte === BACKSLASH) this.#isEscaped = true
    else if (byte === QUOTE) {
      this.#isText = false
      if (this.#depth === 1) this.#key = keyIn(this.#bytes.toString('utf8', this.#keyFrom, this.#at + 1))
      this.#keyFrom = -1
    }
  }
  #open(byte: number): void {
    if (++this.#depth > this.#maxDepth) this.#isTooDeep = true
    if (byte !== OPEN_ARRAY || this.#depth !== 2 || !this.#isList(this.#key)) return
    this.#leave(this.#at + 1)
    this.#isInList = true
    this.#hasComma = false
    this.#elementLine = 0
  }
  #close(): void {
    if (this.#isInList && this.#depth === 2) {
      if (this.#elementLine !== 0 || this.#hasComma) this.#element(false)
      this.#isInList = false
      this.#from = this.#at
      this.#key = ''
    }
    this.#depth--
  }
  /**
   * Reads a whole row as the node writes it: byte by byte takes five times as
   * long. False: it is another's, or goes on in the next piece.
   */
  #readRow(): boolean {
    const end = this.#isByHand ? -1 : this.#bytes.indexOf(ROW_END, this.#at)
    if (end < 0 || !this.#isBlank(this.#from)) return false
    const text = this.#bytes.toString('utf8', this.#at, end + ROW_END.length)
    // No deeper than there are brackets.
    if (countOf(text, '{') + countOf(text, '[') > this.#maxDepth - this.#depth) return false
    this.#row = parseJson(text)
    this.#isByHand = this.#row === undefined
    if (this.#isByHand) return false
    this.#line += countOf(text, '\n')
    this.#rowEnd = end + ROW_END.length
    this.#at = this.#rowEnd - 1
    return true
  }
  /** From there up to where it looks now. */
  #isBlank(from: number): boolean {
    for (let at = from; at < this.#at; at++) if (!BLANKS.has(this.#bytes[at] ?? 0)) return false
    return true
  }
  #element(hasComma: boolean): void {
    const isRead = this.#rowEnd > 0 && this.#isBlank(this.#rowEnd)
    const value = isRead ? this.#row : parseJson(this.#bytes.toString('utf8', this.#from, this.#at))
    this.#listener.element({ value, line: this.#elementLine || this.#line })
    this.#rowEnd = 0
    this.#from = this.#at + 1
    this.#hasComma = hasComma
    this.#elementLine = 0
  }
}

function countOf(text: string, sign: string): number {
  let count = 0
  for (let at = text.indexOf(sign); at >= 0; at = text.indexOf(sign, at + 1)) count++
  return count
}

/** Any text where it is none. */
function keyIn(json: string): string {
  try {
    return String(JSON.parse(json))
  } catch {
    return json
  }
}
