// Which domain is whose, as in stock frp: an exact name comes before wildcards, a longer wildcard before a shorter one, and `*`
// last. Within one domain the longest location that the path begins with wins.

export type Found<T> =
  | { readonly type: 'found'; readonly value: T }
  /** The domain is served, but not this path of it. */
  | { readonly type: 'no-location' }
  | { readonly type: 'no-domain' }

interface Place<T> {
  readonly location: string
  readonly value: T
}

/** The name in a Host header or in TLS's server name: lower case, without port and final dot. */
export function hostName(authority: string): string {
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d*)?$/.exec(authority)?.[1] ?? ''
  return name.toLowerCase().replace(/\.$/, '')
}

/** Whether it can be registered: a DNS name, `*.` before one, or `*`. Lower case. */
export function isDomain(domain: string): boolean {
  if (domain === '*') return true
  return /^(?=.{1,253}$)(\*\.)?[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/.test(domain)
}

export class VhostTable<T> {
  readonly #byDomain = new Map<string, readonly Place<T>[]>()

  /** False: somebody has exactly this already. */
  add(domain: string, location: string, value: T): boolean {
    const places = this.#byDomain.get(domain) ?? []
    if (places.some((place) => place.location === location)) return false
    this.#byDomain.set(
      domain,
      [...places, { location, value }].sort((a, b) => b.location.length - a.location.length),
    )
    return true
  }

  remove(domain: string, location: string): void {
    const rest = (this.#byDomain.get(domain) ?? []).filter((place) => place.location !== location)
    if (rest.length > 0) this.#byDomain.set(domain, rest)
    else this.#byDomain.delete(domain)
  }

  get size(): number {
    return this.#byDomain.size
  }

  /** `host` as `hostName` gives it. `path` without query. */
  find(host: string, path: string): Found<T> {
    let isKnown = false
    for (const domain of namesFor(host)) {
      const places = this.#byDomain.get(domain)
      if (places === undefined) continue
      isKnown = true
      const place = places.find(({ location }) => path.startsWith(location))
      if (place !== undefined) return { type: 'found', value: place.value }
    }
    return { type: isKnown ? 'no-location' : 'no-domain' }
  }
}

/** `a.b.example.org`, `*.b.example.org`, `*.example.org`, `*`. There is no `*.org`. */
function* namesFor(host: string): Generator<string> {
  yield host
  const labels = host.split('.')
  for (let from = 1; from <= labels.length - 2; from++) yield `*.${labels.slice(from).join('.')}`
  yield '*'
}
