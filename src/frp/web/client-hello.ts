// Reads what a TLS client asks for from its first bytes: records (RFC 8446 §5.1) with one ClientHello (§4.1.2), in that the
// extensions server_name (RFC 6066 §3) and application_layer_protocol_negotiation (RFC 7301 §3.1).

export type ClientHello =
  /** Too few bytes to tell. */
  | { readonly type: 'more' }
  /** `name` is null where it asks for none, `protocols` empty where it offers none. */
  | { readonly type: 'hello'; readonly name: string | null; readonly protocols: readonly string[] }
  /** Not a ClientHello that could be read. */
  | { readonly type: 'unknown' }

/** Bytes of records; a longer hello is not looked through. */
export const MAX_HELLO_BYTES = 16 << 10

const HANDSHAKE_RECORD = 0x16
const CLIENT_HELLO = 1
const SERVER_NAME = 0
const PROTOCOLS = 16
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
  if (hello !== null) return helloIn(new Cursor(hello))
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

function helloIn(hello: Cursor): ClientHello {
  const fixed = hello.take(2 + 32) // legacy_version, random
  const sessionId = hello.vector(1)
  const ciphers = hello.vector(2)
  const compressions = hello.vector(1)
  if (fixed === null || sessionId === null || ciphers === null || compressions === null) return UNKNOWN
  if (hello.left === 0) return { type: 'hello', name: null, protocols: [] } // as TLS 1.0 allows
  const extensions = hello.vector(2)
  if (extensions === null) return UNKNOWN
  let name: string | null = null
  let protocols: readonly string[] = []
  for (const list = new Cursor(extensions); list.left > 0; ) {
    const type = list.uint(2)
    const body = list.vector(2)
    const names = body === null ? null : type === SERVER_NAME || type === PROTOCOLS ? new Cursor(body).vector(2) : body
    if (names === null) return UNKNOWN
    const found = type === SERVER_NAME ? hostNamesIn(new Cursor(names)) : type === PROTOCOLS ? protocolsIn(new Cursor(names)) : []
    if (found === null) return UNKNOWN
    if (type === SERVER_NAME) name ??= found[0] ?? null
    if (type === PROTOCOLS) protocols = found
  }
  return { type: 'hello', name, protocols }
}

function hostNamesIn(list: Cursor): readonly string[] | null {
  const found: string[] = []
  while (list.left > 0) {
    const type = list.uint(1)
    const name = list.vector(2)
    if (name === null) return null
    if (type === HOST_NAME) found.push(latin(name))
  }
  return found
}

function protocolsIn(list: Cursor): readonly string[] | null {
  const found: string[] = []
  while (list.left > 0) {
    const protocol = list.vector(1)
    if (protocol === null) return null
    found.push(latin(protocol))
  }
  return found
}

const latin = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

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
