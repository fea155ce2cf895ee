// Who may speak to the control port. The dangers are other web pages in the same browser (rebinding, cross-site requests), so the
// names in Host and Origin are checked before anything else, and whoever asks must hold the token or the cookie it was traded for.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

export interface GuardedRequest {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly upgrade: boolean
}

export interface ControlGuard {
  /** Null: let in so far. Else the status and the sentence to turn it away with. */
  refuse(request: GuardedRequest): { readonly status: 403 | 421; readonly error: string } | null
  isAllowed(headers: IncomingHttpHeaders): boolean
  isToken(text: string): boolean
  /** `Set-Cookie` for one who showed the token. */
  readonly setCookie: string
}

/** `host` and `port`: where the server listens. Loopback names are always good; others only if it listens there. */
export function createControlGuard({
  token,
  host,
  port,
}: {
  readonly token: string
  readonly host: string
  readonly port: number
}): ControlGuard {
  // Browsers send cookies to every port of a host: so each node has its own name, and the value is not the token itself.
  const cookieName = `moonwalk_${port}`
  const cookieValue = createHmac('sha256', token).update('moonwalk dashboard cookie').digest('base64url')

  const isOurHost = (text: string | undefined) => {
    const [, name = '', given = '80'] = /^(\[[0-9a-fA-F:.]+\]|[^:/@\s]+)(?::(\d{1,5}))?$/.exec(text ?? '') ?? []
    if (name === '' || Number(given) !== port) return false
    const bare = name.replace(/^\[|\]$/g, '').toLowerCase()
    return ['localhost', '127.0.0.1', '::1', host.toLowerCase()].includes(bare) || ((host === '0.0.0.0' || host === '::') && isIP(bare) > 0)
  }

  return {
    refuse({ method, headers, upgrade }) {
      if (!isOurHost(headers.host)) return { status: 421, error: 'This host name is not one the control port answers to.' }
      const { origin } = headers
      const site = headers['sec-fetch-site']
      const changes = upgrade || (method !== 'GET' && method !== 'HEAD')
      if (changes && origin !== undefined && origin.toLowerCase() !== `http://${headers.host}`.toLowerCase())
        return { status: 403, error: 'Requests from other web pages are not taken.' }
      if (site !== undefined && site !== 'same-origin' && site !== 'none' && (changes || headers['sec-fetch-mode'] !== 'navigate'))
        return { status: 403, error: 'Requests from other web pages are not taken.' }
      return null
    },
    isAllowed({ authorization = '', cookie = '' }) {
      const bearer = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
      if (bearer !== undefined) return same(bearer, token)
      return cookie.split(';').some((pair) => {
        const [name, value = ''] = pair.trim().split('=', 2)
        return name === cookieName && same(value, cookieValue)
      })
    },
    isToken: (text) => same(text, token),
    setCookie: `${cookieName}=${cookieValue}; HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000`,
  }
}

/** In a time that does not tell how much of it was right. */
const same = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other))
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
