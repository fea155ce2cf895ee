// Which page is open: it stands in the address behind `#`, so that it can be kept, sent, and gone back to.

export type Route =
  | { readonly page: 'overview' }
  | { readonly page: 'day' }
  | { readonly page: 'map' }
  | { readonly page: 'machines' }
  /** `peer`: as `peerKey` has it. */
  | { readonly page: 'peer'; readonly peer: string }

export function readRoute(hash: string): Route {
  const [, page = '', rest = ''] = /^#\/([a-z]*)(?:\/(.*))?$/.exec(hash) ?? []
  if (page === 'day' || page === 'map' || page === 'machines') return { page }
  const peer = page === 'peer' ? decoded(rest) : ''
  return peer === '' ? { page: 'overview' } : { page: 'peer', peer }
}

export const peerHref = (key: string): string => `#/peer/${encodeURIComponent(key)}`

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
