import { createHash } from 'node:crypto'
import type { Link } from '../../src/frp/links/link.ts'

/** A user's end of a link: what came, and whether it ended. It ends nothing itself. */
export interface LinkUser {
  readonly link: Link
  bytes: number
  /** SHA-1 of all that came. */
  hash(): string
  ended: boolean
  closed: boolean
}

export function userOf(link: Link): LinkUser {
  const digest = createHash('sha1')
  const user: LinkUser = { link, bytes: 0, ended: false, closed: false, hash: () => digest.copy().digest('hex') }
  link.on('data', (bytes) => {
    user.bytes += bytes.length
    digest.update(bytes)
  })
  link.on('end', () => {
    user.ended = true
  })
  link.on('error', () => {})
  link.on('close', () => {
    user.closed = true
  })
  return user
}

export const sha1 = (...pieces: readonly Buffer[]): string => createHash('sha1').update(Buffer.concat(pieces)).digest('hex')
