// The link on a stream's near side with what its proxy asks for put on: encryption and compression inside, the bandwidth
// limit outside, which so counts bytes as the tunnel carries them. The same at both ends.
import type { TokenBucket } from './bandwidth-limit.ts'
import { CodedLink } from './coded-link.ts'
import { streamKey } from './crypto.ts'
import { LimitedLink } from './limited-link.ts'
import type { Link } from './link.ts'
import type { Bytes } from './traffic.ts'

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
}

/** Nothing is put on: the link may read straight into the stream. */
export const isBare = ({ useEncryption, useCompression, limit }: NearLinkOptions): boolean =>
  !useEncryption && !useCompression && limit === null

export function nearLink(link: Link, options: NearLinkOptions): NearLink {
  const { useEncryption, useCompression, limit, token } = options
  const coded = useEncryption || useCompression ? new CodedLink(link, { ...options, key: streamKey(token) }) : null
  const inside = coded ?? link
  return { link: limit === null ? inside : new LimitedLink(inside, limit), plain: coded }
}
