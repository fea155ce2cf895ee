// The domains that are served on one port: http by the Host header, https by the name in TLS's ClientHello. Who serves one is
// a client's proxy, or this node for itself. Refusals are in the words of frps 0.45 where it has any.
import type { AcceptedLink } from '../links/link.ts'
import type { HttpRules } from './http-rules.ts'
import { type Found, hostName, isDomain, VhostTable } from './vhost-table.ts'

/** Where connections for a domain go. */
export interface VhostRoute {
  /** What is done to an http request on its way; of no meaning for https. */
  readonly rules: HttpRules
  /**
   * Takes a connection over: for https the user's own, with what was read of it in `first`; for http one that carries a single
   * request. `refuse` is called where nobody can serve it now.
   */
  serve(user: AcceptedLink): void
  /**
   * A request for http was not answered as it should be: `why` is one clause. Of
   * `refuse` whoever calls that knows. Absent: nobody counts.
   */
  failed?(why: string): void
}

/** What the port asks. `host`: a Host header or a server name, in any case, with or without a port. */
export interface VhostFinder {
  /** `path`: as it came in the request, without query. */
  http(host: string, path: string): Found<VhostRoute>
  https(serverName: string): VhostRoute | null
}

export interface VhostSpec {
  readonly type: 'http' | 'https'
  readonly domains: readonly string[]
  /** A name under the server's own domain; empty: none. */
  readonly subdomain: string
  /** For http; empty: every path. */
  readonly locations: readonly string[]
}

export interface VhostsOptions {
  /** The port they are served on, as users know it. */
  readonly port: () => number
  /** Whether a name or an address is this machine's own. No client can have it, by a wildcard neither. */
  readonly isOwn: (host: string) => boolean
  /** Whether a path of the http port is this node's own, whatever the Host says. Absent: none is. */
  readonly isOwnPath?: (path: string) => boolean
  /** Clients may ask for names below it; null: they may not. */
  readonly subdomainHost: string | null
  /** What is granted to anybody: names, and `*.` before one for all names below it. Default: none. */
  readonly grantedDomains?: readonly string[]
}

/** Who claims. */
export interface Claimant {
  /** Nobody else gets a part of a domain that is this one's. */
  readonly owner: string
  /** May have any domain; else what is granted. */
  readonly trusted: boolean
}

/** This node, for its own services. */
const THIS_NODE: Claimant = { owner: 'this node', trusted: true }

/** `addresses` as frps tells them: `domain[:port]`, separated by commas. */
export type Claim =
  | { readonly type: 'held'; readonly addresses: string; readonly domains: readonly string[]; release(): void }
  | { readonly type: 'refused'; readonly error: string }

/**
 * Domains times locations of one proxy, and what telling them takes: an
 * answer has to fit into frp's 10,240 bytes. Stock has no limit.
 */
const MAX_PLACES = 256
const MAX_ADDRESSES_CHARS = 8_192

export class Vhosts implements VhostFinder {
  readonly #options: VhostsOptions
  readonly #owners = new DomainOwners()
  readonly #tables = { http: new VhostTable<VhostRoute>(), https: new VhostTable<VhostRoute>() }

  constructor(options: VhostsOptions) {
    this.#options = options
  }

  get port(): number {
    return this.#options.port()
  }

  /** All of its names and locations, or none. */
  claim(spec: VhostSpec, route: VhostRoute, claimant: Claimant = THIS_NODE): Claim {
    const error = this.#objection(spec, claimant)
    if (error !== null) return { type: 'refused', error }
    const domains = this.domainsOf(spec)
    const locations = spec.type === 'https' || spec.locations.length === 0 ? [''] : spec.locations.map(wireText)
    const places = domains.flatMap((domain) => locations.map((location) => ({ domain, location })))
    const addresses = places.map(({ domain }) => this.#address(domain)).join(',')
    if (places.length > MAX_PLACES || addresses.length > MAX_ADDRESSES_CHARS)
      return { type: 'refused', error: 'more domains and locations than one proxy may have' }
    const table = this.#tables[spec.type]
    const held: typeof places = []
    const release = (): void => {
      for (const { domain, location } of held.splice(0)) {
        table.remove(domain, location)
        this.#owners.remove(domain)
      }
    }
    for (const place of places) {
      if (!this.#owners.mayAdd(place.domain, claimant.owner) || !table.add(place.domain, place.location, route)) {
        release()
        return { type: 'refused', error: DOMAIN_TAKEN }
      }
      this.#owners.add(place.domain, claimant.owner)
      held.push(place)
    }
    return { type: 'held', addresses, domains, release }
  }

  /** Whether somebody serves exactly this domain now. */
  isClaimed(domain: string): boolean {
    return this.#owners.has(domain)
  }

  /** The names that a spec asks for, in lower case. */
  domainsOf({ domains, subdomain }: VhostSpec): readonly string[] {
    const named = domains.filter((domain) => domain !== '').map((domain) => domain.toLowerCase())
    return subdomain === '' ? named : [...named, `${subdomain.toLowerCase()}.${this.#options.subdomainHost ?? ''}`]
  }

  /** Whether a request is this node's own, whoever claims the name. */
  isNodes(host: string, path: string): boolean {
    return this.#options.isOwn(hostName(host)) || this.#options.isOwnPath?.(plainPath(path)) === true
  }

  http(host: string, path: string): Found<VhostRoute> {
    const name = hostName(host)
    const { http } = this.#tables
    if (http.size === 0 || this.#options.isOwn(name)) return { type: 'no-domain' }
    const plain = plainPath(path)
    return this.#options.isOwnPath?.(plain) ? { type: 'no-domain' } : http.find(name, plain)
  }

  https(serverName: string): VhostRoute | null {
    const name = hostName(serverName)
    const { https } = this.#tables
    if (name === '' || https.size === 0 || this.#options.isOwn(name)) return null
    const found = https.find(name, '')
    return found.type === 'found' ? found.value : null
  }

  /** Stock leaves the two usual ports out, whichever of them it is. */
  #address(domain: string): string {
    const { port } = this
    return port === 80 || port === 443 ? domain : `${domain}:${port}`
  }

  #objection({ domains, subdomain }: VhostSpec, { trusted }: Claimant): string | null {
    const { isOwn, subdomainHost, grantedDomains = [] } = this.#options
    if (domains.length === 0 && subdomain === '') return 'custom_domains and subdomain should set at least one of them'
    for (const given of domains) {
      const domain = given.toLowerCase()
      if (subdomainHost !== null && domain.endsWith(`.${subdomainHost}`))
        return `custom domain [${given}] should not belong to subdomain_host [${subdomainHost}]`
      if (domain === '') continue // as stock does
      if (domain === '*') return 'custom domain [*] is every name there is; nobody can have that'
      if (!isDomain(domain)) return `custom domain [${clip(given)}] is no domain name`
      if (!domain.startsWith('*') && isOwn(domain)) return `custom domain [${given}] is the server's own`
      if (!trusted && !isGranted(domain, grantedDomains)) return `custom domain [${given}] ${NOT_GRANTED}`
    }
    if (subdomain === '') return null
    if (subdomainHost === null) return 'subdomain is not supported because this feature is not enabled in remote frps'
    if (/[.*]/.test(subdomain)) return "'.' and '*' is not supported in subdomain"
    return isDomain(subdomain.toLowerCase()) ? null : `subdomain [${clip(subdomain)}] is no domain name`
  }
}

export const DOMAIN_TAKEN = 'router config conflict'
export const NOT_GRANTED = 'is not granted to strangers'

/** No wildcard is: it would be all that is granted below it. */
const isGranted = (domain: string, granted: readonly string[]): boolean =>
  !domain.startsWith('*') && granted.some((grant) => (grant.startsWith('*.') ? domain.endsWith(grant.slice(1)) : domain === grant))

/** Whose each domain is, whatever its locations and of http and https alike. */
class DomainOwners {
  readonly #owners = new Map<string, { readonly owner: string; count: number }>()

  has(domain: string): boolean {
    return this.#owners.has(domain)
  }

  mayAdd(domain: string, owner: string): boolean {
    const has = this.#owners.get(domain)
    return has === undefined || has.owner === owner
  }

  add(domain: string, owner: string): void {
    const has = this.#owners.get(domain) ?? { owner, count: 0 }
    has.count++
    this.#owners.set(domain, has)
  }

  remove(domain: string): void {
    const has = this.#owners.get(domain)
    if (has === undefined) return
    has.count--
    if (has.count === 0) this.#owners.delete(domain)
  }
}

const clip = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}…` : text)

/** A configured text as its bytes come in a request. */
const wireText = (text: string): string => Buffer.from(text).toString('latin1')

/** Percent escapes undone, as the service will do: `/%61dmin` is `/admin`, and has the rules of its location. */
const plainPath = (path: string): string =>
  path.replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
