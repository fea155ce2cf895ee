// What a person asked for a service, in the words of frp's client: the options of its proxy, and its health check.
import type { ServiceOptions } from '../../answers.ts'
import type { HealthCheck, ProxySpec } from '../../frp/index.ts'

export type ProxyOptions = Omit<ProxySpec, 'name' | 'type' | 'local' | 'customDomains' | 'healthCheck'>

/** The health check is left out: it is run here, for every carrier. */
export function proxyOptions(options: ServiceOptions = {}): ProxyOptions {
  const { encrypt = false, compress = false, limit, limitMode, proxyProtocol, group, groupKey = '', port = 0 } = options
  return {
    remotePort: port,
    useEncryption: encrypt,
    useCompression: compress,
    ...(limit === undefined ? {} : { limit }),
    ...(limitMode === undefined ? {} : { limitMode }),
    ...(proxyProtocol === undefined ? {} : { proxyProtocol }),
    ...(group === undefined ? {} : { group: { name: group, key: groupKey } }),
  }
}

/** `tcp`, or `http:/path`. */
export const healthCheckOf = (check: NonNullable<ServiceOptions['check']>): HealthCheck =>
  check === 'tcp' ? { type: 'tcp' } : { type: 'http', path: check.slice('http:'.length) }
