// What a service's options mean to the ends of a tunnel.
import type { ServiceOptions } from '../../answers.ts'
import type { HealthCheck, ProxySpec } from '../../frp/index.ts'

type Wishes = Omit<ProxySpec, 'name' | 'type' | 'local' | 'customDomains'>

/** A service's options as its proxy takes them. */
export function proxyWishes(options: ServiceOptions = {}): Wishes {
  const { encrypt = false, compress = false, limit, limitMode, proxyProtocol, group, groupKey = '', check, port = 0 } = options
  return {
    remotePort: port,
    useEncryption: encrypt,
    useCompression: compress,
    ...(limit === undefined ? {} : { limit }),
    ...(limitMode === undefined ? {} : { limitMode }),
    ...(proxyProtocol === undefined ? {} : { proxyProtocol }),
    ...(group === undefined ? {} : { group: { name: group, key: groupKey } }),
    ...(check === undefined ? {} : { healthCheck: healthCheckOf(check) }),
  }
}

/** `tcp`, or `http:/path`. */
export const healthCheckOf = (check: NonNullable<ServiceOptions['check']>): HealthCheck =>
  check === 'tcp' ? { type: 'tcp' } : { type: 'http', path: check.slice('http:'.length) }
