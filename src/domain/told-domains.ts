// Domains that nodes name in their records, so that every public node can answer for them.
import type { PeerId } from './record.ts'
import { isByDomain, type Scheme, type ServiceKind } from './service-kind.ts'

/** In one record, which has room for so much beside the rest. */
export const MOST_DOMAINS = 8
export const MOST_DOMAIN_BYTES = 300

/** A domain as a record names it: `https:www.example.org`, `http:*.example.org`. */
export const toldDomain = (scheme: Scheme, domain: string): string => `${scheme}:${domain.toLowerCase()}`

/** As the record of its owner names a service's domain. Null: it names none. */
export const toldDomainOf = ({ kind, domain, options }: MaybeByDomain): string | null =>
  domain !== null && options?.private !== true && isByDomain(kind) ? toldDomain(kind, domain) : null

interface MaybeByDomain {
  readonly kind: ServiceKind
  readonly domain: string | null
  readonly options?: { readonly private?: true }
}

export const isToldDomain = (text: string): boolean => text.length <= 262 && /^https?:(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(text)

/** As many of them as fit, in their order; `left`: the others. */
export function fittingDomains(domains: readonly string[]): { readonly told: readonly string[]; readonly left: readonly string[] } {
  const told: string[] = []
  const left: string[] = []
  let bytes = 0
  for (const domain of new Set(domains)) {
    const fits = told.length < MOST_DOMAINS && bytes + domain.length + 3 <= MOST_DOMAIN_BYTES
    if (fits) bytes += domain.length + 3 // quotes and comma
    const list = fits ? told : left
    list.push(domain)
  }
  return { told, left }
}

/** How a name may stand in a record, the more exact first: itself, then a wildcard for each level above it. */
export function toldAs(scheme: Scheme, name: string): readonly string[] {
  const labels = name.split('.')
  const above = labels.slice(1).map((_, i) => `*.${labels.slice(i + 1).join('.')}`)
  return [name, ...above].map((domain) => toldDomain(scheme, domain))
}

/**
 * Whose a domain is of those that name it: whose it was before, else the lowest id, so that nodes that start at once agree. Null:
 * nobody's.
 */
export function ownerAmong(claimants: readonly PeerId[], before: PeerId | null): PeerId | null {
  if (before !== null && claimants.includes(before)) return before
  return claimants.reduce<PeerId | null>((lowest, id) => (lowest === null || id < lowest ? id : lowest), null)
}

/** Whether strangers may have a name: one that is granted, or one below `subdomainHost`. No wildcard is. */
export function isGrantedDomain(
  domain: string,
  { granted, subdomainHost }: { readonly granted: readonly string[]; readonly subdomainHost: string | null },
): boolean {
  if (domain.startsWith('*')) return false
  if (subdomainHost !== null && domain.endsWith(`.${subdomainHost}`)) return true
  return granted.some((grant) => (grant.startsWith('*.') ? domain.endsWith(grant.slice(1)) : domain === grant))
}
