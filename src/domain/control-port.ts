import { hostKind, parseAddress } from './address.ts'

/**
 * Whether a service's `host:port` on this side leads to the control port, so that exposing it would put that on the internet.
 * `control`: where the control port listens, `host:port`; null, or port 0: nowhere yet. A name that only a resolver knows to mean this
 * machine is not seen; the control port then still knows, by the Host header, that it was not meant.
 */
export function isControlPort(local: string, control: string | null, ownHosts: readonly string[] = []): boolean {
  const [to, at] = [parseAddress(local), parseAddress(control ?? '')]
  if (to === null || at === null || to.port !== at.port) return false
  const isAnywhere = (host: string): boolean => host === '0.0.0.0' || host === '::'
  if (to.host === at.host || isAnywhere(to.host)) return true
  if (hostKind(to.host) === 'loopback') return isAnywhere(at.host) || hostKind(at.host) === 'loopback'
  return isAnywhere(at.host) && ownHosts.includes(to.host)
}
