// Who may speak to the control port. The dangers are other web pages in the same browser (rebinding, cross-site requests), so the
// names in Host and Origin are checked before anything else, and whoever asks must send a token, which a browser never does by
// itself: there is no cookie.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

export interface GuardedRequest {
  readonly method: string
  /** As `http.IncomingMessage` has it: `1.1`. */
  readonly httpVersion: string
  readonly headers: IncomingHttpHeaders
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[]
  readonly upgrade: boolean
}

/** `all`: the owner's token. `metrics`: the one that can only read `/metrics`. `none`: no token, or a wrong one. */
export type Grant = 'all' | 'metrics' | 'none'

export interface ControlGuard {
  /** Null: let in so far. Else the status and the sentence to turn it away with. */
  refuse(request: GuardedRequest): { readonly status: 403 | 421 | 400 | 505; readonly error: string } | null
  /**
   * By `Authorization: Bearer TOKEN`, or for the feed, since a page can send no header with it, by the subprotocol
   * `moonwalk.token.TOKEN` beside `moonwalk.feed`.
   */
  grantOf(headers: IncomingHttpHeaders): Grant
}

/** What the server answers with; the other that a page offers carries its token. */
export const FEED_PROTOCOL = 'moonwalk.feed'
const TOKEN_PROTOCOL = 'moonwalk.token.'

const LOOPBACK = ['localhost', '127.0.0.1', '::1']
const OTHERS_PAGE = 'Requests from other web pages are not taken.'

/**
 * `host`: where the server listens. Loopback names are always good, whatever port they carry, since a forwarded port has another;
 * `host` itself, any address where it listens on all, and `names`, which are a reverse proxy's, are good too.
 */
export function createControlGuard({
  token,
  metricsToken,
  host,
  names = [],
}: {
  readonly token: string
  readonly metricsToken: string
  readonly host: string
  readonly names?: readonly string[]
}): ControlGuard {
  const known = new Set([...LOOPBACK, host, ...names].map((name) => name.toLowerCase()))
  const listensOnAll = host === '0.0.0.0' || host === '::'
  const isOurHost = (text: string | undefined) => {
    const [, name = ''] = /^(\[[0-9a-fA-F:.]+\]|[^:/@\s[\]]+)(?::\d{1,5})?$/.exec(text ?? '') ?? []
    const bare = name.replace(/^\[|\]$/g, '').toLowerCase()
    return known.has(bare) || (listensOnAll && isIP(bare) > 0)
  }

  return {
    refuse({ method, httpVersion, headers, rawHeaders, upgrade }) {
      if (httpVersion !== '1.1') return { status: 505, error: 'The control port speaks HTTP/1.1.' }
      if (countOf('host', rawHeaders) !== 1) return { status: 400, error: 'A request names one Host.' }
      if (!isOurHost(headers.host))
        return { status: 421, error: 'This host name is not one the control port answers to; --control-hosts adds some.' }
      const { origin } = headers
      // A reverse proxy may have the TLS, so that the page's scheme is not ours.
      if (origin !== undefined && !['http', 'https'].some((scheme) => isSameText(origin, `${scheme}://${headers.host}`)))
        return { status: 403, error: OTHERS_PAGE }
      const site = headers['sec-fetch-site']
      // A link to the page may stand anywhere: what it opens reveals nothing by itself.
      const opensPage = method === 'GET' && !upgrade && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
      if (site !== undefined && site !== 'same-origin' && site !== 'none' && !opensPage) return { status: 403, error: OTHERS_PAGE }
      return null
    },
    grantOf({ authorization = '', 'sec-websocket-protocol': protocols = '' }) {
      const bearer = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
      const offered = protocols.split(',').map((one) => one.trim())
      const given = bearer ?? offered.find((one) => one.startsWith(TOKEN_PROTOCOL))?.slice(TOKEN_PROTOCOL.length)
      if (given === undefined) return 'none'
      if (same(given, token)) return 'all'
      return same(given, metricsToken) ? 'metrics' : 'none'
    },
  }
}

const countOf = (header: string, rawHeaders: readonly string[]): number =>
  rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === header).length
const isSameText = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

/** In a time that does not tell how much of it was right. */
const same = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other))
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
