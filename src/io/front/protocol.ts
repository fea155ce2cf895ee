import { CONNECT_BYTE } from '../../v2/connect.ts'

/** What a connection's first byte says it is. */
export type Protocol = 'frp' | 'connect' | 'tls' | 'tls-announced' | 'http' | 'unknown'

/**
 * 0x00 begins a yamux header; `o` (login) and `w` (work connection) begin frp's first messages without mux; `F` begins the
 * magic `FRP\0\2` of frp's wire v2, and no HTTP method; 0x16 begins a TLS handshake, which frp's clients up to 0.49 announce
 * with 0x17; `m` begins connections to services (v2/connect.ts); the other capital letters begin an HTTP method.
 */
export function protocolOf(firstByte: number): Protocol {
  if (firstByte === 0x00 || firstByte === 0x6f || firstByte === 0x77 || firstByte === 0x46) return 'frp'
  if (firstByte === CONNECT_BYTE) return 'connect'
  if (firstByte === 0x16) return 'tls'
  if (firstByte === 0x17) return 'tls-announced'
  return firstByte >= 0x41 && firstByte <= 0x5a ? 'http' : 'unknown'
}

/** What an HTTP/2 client begins with (RFC 9113 §3.4). No method of HTTP/1 is `PRI`. */
const HTTP2_PREFACE = Buffer.from('PRI ')

/** Whether HTTP's first bytes are those of HTTP/2; `more`: too few to tell. */
export function httpVersionOf(first: Uint8Array): 1 | 2 | 'more' {
  const count = Math.min(first.length, HTTP2_PREFACE.length)
  if (!HTTP2_PREFACE.subarray(0, count).equals(first.subarray(0, count))) return 1
  return count < HTTP2_PREFACE.length ? 'more' : 2
}
