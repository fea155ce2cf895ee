// The page's key. It comes in the fragment of the link, which no browser sends anywhere, is kept for this tab alone, and leaves the
// address bar at once: a bookmark, a screenshot or a copied address has no key in it.

const STORED = 'moonwalk-token'
const STORED_REPLAY = 'moonwalk-replay'
/** As the node makes them, and as a subprotocol may be written. */
const TOKEN = /^[\w-]{1,200}$/

let token: string | null = null

/** Takes the token that the link brought, else the one that this tab was opened with. True where a link brought one. */
export function takeToken(): boolean {
  const fragment = new URLSearchParams(location.hash.slice(1))
  const brought = fragment.get('token')
  if (brought === null) {
    token ??= stored(STORED)
    return false
  }
  history.replaceState(null, '', location.pathname + location.search)
  token = TOKEN.test(brought) ? brought : null
  if (token !== null) keep(STORED, token)
  keep(STORED_REPLAY, String(fragment.has('replay')))
  return true
}

/** The link was one of a recording's. */
export const isReplay = (): boolean => stored(STORED_REPLAY) === 'true'

export const hasToken = (): boolean => token !== null

/** Asks the node, with a body as JSON if there is one. Null: there was no answer. */
export const ask = (
  path: string,
  { method = 'GET', body }: { readonly method?: string; readonly body?: string } = {},
): Promise<Response | null> =>
  fetch(path, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
  }).catch(() => null)

/** A page can send no header with a WebSocket: the token goes as a subprotocol. */
export function openFeed(): WebSocket {
  const url = new URL('feed', location.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  url.hash = ''
  return new WebSocket(url, ['moonwalk.feed', `moonwalk.token.${token}`])
}

// A browser may allow no storage: the page then works until it is loaded again.
function stored(key: string): string | null {
  try {
    return sessionStorage.getItem(key)
  } catch {
    return null
  }
}

function keep(key: string, text: string): void {
  try {
    sessionStorage.setItem(key, text)
  } catch {
    // As above.
  }
}
