// All that is used of frp from outside: its wire over links that carry bytes, both ends, and what they tell.
export { type OnBug, throwBug } from './bugs.ts'
export { createFrpClient } from './client/client.ts'
export { watchHealth } from './client/health-check.ts'
export type { DatagramPort, FrpClient, FrpClientFact, FrpServerFact, HealthCheck, KeptLease, ProxySpec } from './contract.ts'
export type { AcceptedLink, Link, OpenedLink, Reader } from './links/link.ts'
export { relayLinks } from './links/relay.ts'
export { bucketFor, readBandwidth, type TokenBucket } from './meters/bandwidth-limit.ts'
export { LimitedLink } from './meters/limited-link.ts'
export { ProxyMeter } from './meters/proxy-meter.ts'
export { createMux } from './mux/mux.ts'
export type { MuxStream } from './mux/mux-contract.ts'
export type { Mux } from './mux/mux-options.ts'
export { createFrpServer } from './server/server.ts'
export { plainHost } from './server/server-proxy.ts'
export type { CarriedProxy } from './server/session-proxies.ts'
export { UdpUsers } from './server/udp-users.ts'
export { type ClientHello, clientHelloOf } from './web/client-hello.ts'
export {
  framingOf,
  type HttpRules,
  informationalHeaders,
  isAuthorized,
  NO_RULES,
  requestHeaders,
  responseHeaders,
  trailerHeaders,
} from './web/http-rules.ts'
export { type VhostFinder, type VhostRoute, Vhosts } from './web/vhosts.ts'
export { OVER_LIMIT as DATAGRAM_OVER_LIMIT } from './wire/packet-stream.ts'
export { proxyHeader } from './wire/proxy-protocol.ts'
