// The link on a stream's near side with what its proxy asks for put on: encryption and compression inside, the bandwidth
// limit outside, which so counts bytes as the tunnel carries them. The same at both ends.
import type { TokenBucket } from '../meters/bandwidth-limit.ts'
import { LimitedLink } from '../meters/limited-link.ts'
import type { Bytes } from '../meters/traffic.ts'
import { CodedLink } from '../wire/coded-link.ts'
import { streamKey } from '../wire/crypto.ts'
import type { Link } from './link.ts'

export interface NearLinkOptions {
  readonly useEncryption: boolean
  readonly useCompression: boolean
  readonly limit: TokenBucket | null
  readonly token: string
  readonly randomBytes: (count: number) => Uint8Array
  /** What the stream brought can't be decoded. */
  readonly onUndecodable: () => void
}

export interface NearLink {
  readonly link: Link
  /** The user's own bytes, where the stream carries them encoded. */
  readonly plain: Bytes | null
  /** What came from the user before its link was opened, as the stream carries it. */
  encode(bytes: Buffer): Buffer
}

/** Nothing is put on: the link may read straight into the stream. */
export const isBare = ({ useEncryption, useCompression, limit }: NearLinkOptions): boolean =>
  !useEncryption && !useCompression && limit === null

export function nearLink(link: Link, options: NearLinkOptions): NearLink {
  const { useEncryption, useCompression, limit, token } = options
  const coded = useEncryption || useCompression ? new CodedLink(link, { ...options, key: streamKey(token) }) : null
  const inside = coded ?? link
  return { link: limit === null ? inside : new LimitedLink(inside, limit), plain: coded, encode: (bytes) => coded?.encode(bytes) ?? bytes }
}
