// How large datagrams may be. frp sends each in one message, in base64, and its messages are limited: 7,488 bytes pass in wire v1.
// Two ends of ours tell each other in the login how much they take, and then carry datagrams of any size:
//
//   Login      metas.moonwalk_datagrams "65507"      LoginResp  moonwalk_datagrams 65507
//
// An end that says nothing takes what frp does. On all other connections messages stay within frp's limit.
import type { Wire } from './wire.ts'

/** The largest that UDP has over IPv4. */
export const MAX_DATAGRAM_BYTES = 65_507

/** At which stock ends cut what they read from a UDP socket, unless `udpPacketSize` says otherwise. */
const STOCK_READ_BYTES = 1_500
export const CUT = `a datagram of ${STOCK_READ_BYTES} bytes came: a stock frps cuts longer ones there, unless its udpPacketSize is larger`

/** Whether a datagram may be what is left of a longer one, which nothing in it tells. `limits`: as agreed with who sent it. */
export const mayBeCut = (bytes: number, { sendBytes }: DatagramLimits): boolean =>
  bytes === STOCK_READ_BYTES && sendBytes < MAX_DATAGRAM_BYTES

/** In a message beside the datagram: the address of its user, and names of fields. */
const AROUND_BYTES = 256

export interface DatagramLimits {
  /** The largest that may be sent. */
  readonly sendBytes: number
  /** The longest message that may come. */
  readonly bodyBytes: number
}

/** `told`: what the other end says that it takes; 0: nothing. Never more than UDP has, whatever it says. */
export function datagramLimits(wire: Wire, told: number): DatagramLimits {
  if (told <= 0) return { sendBytes: Math.floor(((wire.maxBodyBytes - AROUND_BYTES) / 4) * 3), bodyBytes: wire.maxBodyBytes }
  return { sendBytes: Math.min(told, MAX_DATAGRAM_BYTES), bodyBytes: AROUND_BYTES + 4 * Math.ceil(MAX_DATAGRAM_BYTES / 3) }
}

/** What a client says of itself in its login. */
export const LOGIN_METAS: Readonly<Record<string, string>> = { moonwalk: '1', moonwalk_datagrams: String(MAX_DATAGRAM_BYTES) }

/** What a login's `metas` say of datagrams; 0: nothing that makes sense. */
export function datagramsIn(metas: Readonly<Record<string, string>>): number {
  const told = metas.moonwalk_datagrams ?? ''
  return /^\d{1,9}$/.test(told) ? Number(told) : 0
}
