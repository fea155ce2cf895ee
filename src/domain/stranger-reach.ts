// To which of a machine's addresses users of a stranger's port may come. Programs of the machine itself trust what answers at its
// loopback address, and those of its network what answers at a private one.
import { canonicalHost, hostKind } from './address.ts'

const WILDCARDS: readonly string[] = ['0.0.0.0', '::']

/**
 * `host`: where a user came to. `bindHost`: where the node listens, and opens ports. Where it listens at one address, that is meant.
 * Where it listens at all: never at loopback, and at private ones only if the machine has no public one, as behind a cloud's NAT.
 * `ownHosts`: the machine's addresses.
 */
export function strangersArriveAt(host: string, bindHost: string, ownHosts: () => readonly string[]): boolean {
  if (!WILDCARDS.includes(bindHost)) return true
  const kind = hostKind(canonicalHost(host) ?? host)
  if (kind === 'public') return true
  return kind === 'private' && !ownHosts().some((own) => hostKind(canonicalHost(own) ?? own) === 'public')
}
