/** What a connection's first byte says it is. */
export type Speech = 'frp' | 'tls' | 'tls-announced' | 'http' | 'unknown'

/**
 * 0x00 begins a yamux header; `o` (login) and `w` (work connection) begin frp's first messages without mux; `F` begins the
 * magic `FRP\0\2` of frp's wire v2, and no HTTP method; 0x16 begins a TLS handshake, which frp's clients up to 0.49 announce
 * with 0x17; the other capital letters begin an HTTP method.
 */
export function speechOf(firstByte: number): Speech {
  if (firstByte === 0x00 || firstByte === 0x6f || firstByte === 0x77 || firstByte === 0x46) return 'frp'
  if (firstByte === 0x16) return 'tls'
  if (firstByte === 0x17) return 'tls-announced'
  return firstByte >= 0x41 && firstByte <= 0x5a ? 'http' : 'unknown'
}
