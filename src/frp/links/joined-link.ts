// The link that is joined to a stream (the user's at the TURN, the service's at the client), with what its proxy asks for:
// encryption and compression, and around those the bandwidth limit, which so counts bytes as the tunnel carries them.
import type { TokenBucket } from '../meters/bandwidth-limit.ts'
import { LimitedLink } from '../meters/limited-link.ts'
import type { Bytes } from '../meters/traffic.ts'
import { CodedLink } from '../wire/coded-link.ts'
import { streamKey } from '../wire/crypto.ts'
import type { Link } from './link.ts'

export interface JoinedLinkOptions {
  readonly useEncryption: boolean
  readonly useCompression: boolean
  /** Bytes pass where all of them let them. */
  readonly limits: readonly TokenBucket[]
  readonly token: string
  readonly randomBytes: (count: number) => Uint8Array
  /** What the stream brought can't be decoded. */
  readonly onUndecodable: () => void
}

export interface JoinedLink {
  readonly link: Link
  /** Counts the user's own bytes, where the stream carries them encoded. */
  readonly plain: Bytes | null
  /** What came from the user before its link was opened, as the stream carries it. */
  encode(bytes: Buffer): Buffer
}

/** Nothing is asked for: the link may read straight into the stream's buffers. */
export const isTransparent = ({ useEncryption, useCompression, limits }: JoinedLinkOptions): boolean =>
  !useEncryption && !useCompression && limits.length === 0

export function joinedLink(link: Link, options: JoinedLinkOptions): JoinedLink {
  const { useEncryption, useCompression, limits, token } = options
  const coded = useEncryption || useCompression ? new CodedLink(link, { ...options, key: streamKey(token) }) : null
  const limited = limits.reduce<Link>((inside, limit) => new LimitedLink(inside, limit), coded ?? link)
  return { link: limited, plain: coded, encode: (bytes) => coded?.encode(bytes) ?? bytes }
}
