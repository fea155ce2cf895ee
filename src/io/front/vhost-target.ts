// What a request on the public port is for.
import type { IncomingMessage } from 'node:http'
import type { VhostFinder } from '../../frp/index.ts'

/** The authority, and the path as the service is to see it. A whole URL as target counts before Host (RFC 9112 §3.2.2). */
export interface Target {
  readonly host: string
  readonly path: string
}

export function targetOf({ url = '/', headers }: IncomingMessage): Target {
  const [origin = '', authority = ''] = /^https?:\/\/([^/?#]*)/i.exec(url) ?? []
  if (origin === '') return { host: headers.host ?? '', path: url }
  const path = url.slice(origin.length)
  return { host: authority.slice(authority.lastIndexOf('@') + 1), path: path.startsWith('/') ? path : `/${path}` }
}

export type Place = ReturnType<VhostFinder['http']>

/** Whose domain a request is for. */
export const placeOf = (vhosts: VhostFinder | undefined, { host, path }: Target): Place =>
  vhosts?.http(host, path.split('?', 1)[0] ?? '') ?? { type: 'no-domain' }
