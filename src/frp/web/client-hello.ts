// Reads from a TLS client's first bytes which name it asks for and which protocols it offers: records (RFC 8446 §5.1) with one
// ClientHello (§4.1.2), in that the extensions server_name (RFC 6066 §3) and application_layer_protocol_negotiation (RFC 7301 §3.1).

export type ClientHello =
  /** Too few bytes to tell. */
  | { readonly type: 'more' }
  /** `name` null: the hello is complete and has none. `alpn`: in the client's order; empty: it offers none. */
  | { readonly type: 'hello'; readonly name: string | null; readonly alpn: readonly string[] }
  /** Not a ClientHello that could be read. */
  | { readonly type: 'unknown' }

/** Bytes of records; a longer hello is not looked through. */
export const MAX_HELLO_BYTES = 16 << 10

const HANDSHAKE_RECORD = 0x16
const CLIENT_HELLO = 1
const SERVER_NAME = 0
const ALPN = 16
const HOST_NAME = 0
const TLS_MAJOR = 3
const MAX_RECORD_BYTES = 16_384
/** A hello comes in one or two. */
const MAX_RECORDS = 16

const UNKNOWN: ClientHello = { type: 'unknown' }

/** Give it everything that has come so far, from the first byte. It never asks for more than `MAX_HELLO_BYTES`. */
export function clientHelloOf(bytes: Uint8Array): ClientHello {
  const records = handshakeIn(bytes)
  const message = new Cursor(Buffer.concat(records.pieces))
  const type = message.uint(1)
  const length = message.uint(3)
  if ((type ?? CLIENT_HELLO) !== CLIENT_HELLO || (length ?? 0) > MAX_HELLO_BYTES) return UNKNOWN
  const hello = length === null ? null : message.take(length)
  if (hello !== null) return extensionsIn(new Cursor(hello))
  return records.isBroken || bytes.length >= MAX_HELLO_BYTES ? UNKNOWN : { type: 'more' }
}

/** What the records carry so far. `isBroken`: what follows is no record of a handshake, or there are too many. */
function handshakeIn(bytes: Uint8Array): { readonly pieces: readonly Uint8Array[]; readonly isBroken: boolean } {
  const records = new Cursor(bytes)
  const pieces: Uint8Array[] = []
  while (records.left > 0) {
    const type = records.uint(1)
    const major = records.uint(1)
    const minor = records.uint(1)
    const length = records.uint(2)
    if (type !== HANDSHAKE_RECORD || (major ?? TLS_MAJOR) !== TLS_MAJOR || pieces.length >= MAX_RECORDS) return { pieces, isBroken: true }
    if (minor === null || length === null) break
    if (length === 0 || length > MAX_RECORD_BYTES) return { pieces, isBroken: true }
    pieces.push(records.upTo(length))
  }
  return { pieces, isBroken: false }
}

function extensionsIn(hello: Cursor): ClientHello {
  const fixed = hello.take(2 + 32) // legacy_version, random
  const sessionId = hello.vector(1)
  const ciphers = hello.vector(2)
  const compressions = hello.vector(1)
  if (fixed === null || sessionId === null || ciphers === null || compressions === null) return UNKNOWN
  if (hello.left === 0) return { type: 'hello', name: null, alpn: [] } // as TLS 1.0 allows
  const extensions = hello.vector(2)
  if (extensions === null) return UNKNOWN
  let name: string | null = null
  let alpn: readonly string[] = []
  for (const list = new Cursor(extensions); list.left > 0; ) {
    const type = list.uint(2)
    const body = list.vector(2)
    if (body === null) return UNKNOWN
    if (type !== SERVER_NAME && type !== ALPN) continue
    const texts = textsIn(new Cursor(body), type)
    if (texts === null) return UNKNOWN
    if (type === SERVER_NAME) name ??= texts[0] ?? null
    else alpn = [...alpn, ...texts]
  }
  return { type: 'hello', name, alpn }
}

/** Both are a list of texts; of names each has a type before it. Null: malformed. */
function textsIn(extension: Cursor, type: number): readonly string[] | null {
  const list = extension.vector(2)
  if (list === null) return null
  const texts: string[] = []
  for (const items = new Cursor(list); items.left > 0; ) {
    const nameType = type === SERVER_NAME ? items.uint(1) : HOST_NAME
    const text = items.vector(type === SERVER_NAME ? 2 : 1)
    if (text === null) return null
    if (nameType === HOST_NAME) texts.push(Buffer.from(text).toString('latin1'))
  }
  return texts
}

/** Reads from the front; null where there is not enough. */
class Cursor {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  take(count: number): Uint8Array | null {
    return count > this.left ? null : this.upTo(count)
  }

  upTo(count: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#at, this.#at + count)
    this.#at += taken.length
    return taken
  }

  uint(width: number): number | null {
    const digits = this.take(width)
    return digits === null ? null : digits.reduce((value, byte) => value * 256 + byte, 0)
  }

  /** Bytes behind their length. */
  vector(width: number): Uint8Array | null {
    const length = this.uint(width)
    return length === null ? null : this.take(length)
  }
}
