// How much a request sends to an address that has proven nothing, at about.
import type { PeerRequest } from '../../ports.ts'

/** Request line and headers of a request in clear, without what is counted exactly. */
const HEAD_BYTES = 120
/** The members' channel: what a TLS server that is no node is sent. What is asked goes out only once the other end is proven. */
const CHANNEL_BYTES = 680

export function bytesOf({ over, method, path, headers = {}, body }: PeerRequest): number {
  if (over === 'channel') return CHANNEL_BYTES
  const named = Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
  const content = body === undefined ? 0 : 'type' in body ? body.bytes : body.byteLength
  return HEAD_BYTES + method.length + Buffer.byteLength(path) + named + content
}
