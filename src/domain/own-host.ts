import { canonicalHost, hostKind } from './address.ts'

/**
 * Whether a host, as a request names it, can only mean the machine that was asked: an IP address however it is written, localhost,
 * one of its `names`, or nothing that is a name at all.
 */
export function isOwnHost(host: string, names: readonly string[]): boolean {
  const canonical = canonicalHost(host.replace(/^\[|\]$/g, ''))
  if (canonical === null || names.includes(canonical)) return true
  return hostKind(canonical) !== 'name' && !canonical.endsWith('.localhost')
}
