// Names by which members reach this node, so that no client of its TURN can have one as its domain.
import { canonicalHost } from '../../domain/address.ts'

/** Those heard last; a node is known by a few. */
const MAX_NAMES = 64

export interface OwnNames {
  /** A member asked this node by that name: a Host header, or TLS's server name. With or without a port. */
  heard(host: string): void
  has(host: string): boolean
}

/** `isTaken`: a service has that name as its domain already, and keeps it. */
export function createOwnNames(isTaken: (name: string) => boolean): OwnNames {
  const names = new Set<string>()
  return {
    heard: (host) => {
      const name = canonicalHost(host.replace(/:\d+$/, ''))
      if (name === null || isTaken(name)) return
      names.delete(name)
      names.add(name)
      const [oldest] = names
      if (names.size > MAX_NAMES && oldest !== undefined) names.delete(oldest)
    },
    has: (host) => names.has(host),
  }
}
