// Where this node serves a service itself: a port of its own for tcp and udp, or the service's domain on the public port. Of a
// service's options `encrypt` and `compress` mean nothing here, since there is no stretch between TURN and node.
import type { ServiceSpec } from '../../answers.ts'
import { addressOf } from '../../domain/address.ts'
import { causeOfRefusal } from '../../domain/frps-refusal.ts'
import type { ServiceCause } from '../../domain/service-cause.ts'
import { isByDomain, type Scheme } from '../../domain/service-kind.ts'
import {
  type AcceptedLink,
  bucketFor,
  DATAGRAM_OVER_LIMIT,
  type DatagramPort,
  LimitedLink,
  type Link,
  NO_RULES,
  type ProxyMeter,
  plainHost,
  proxyHeader,
  relayLinks,
  type TokenBucket,
  UdpUsers,
  type Vhosts,
} from '../../frp/index.ts'
import { type Failure, isFailure, type Ports } from '../../ports.ts'
import { isFailureOf, localCause, type PlaceListener } from './carrier.ts'

export interface OwnPortNeeds extends Pick<Ports, 'clock' | 'network'> {
  /** Tried one after another for services that name none. */
  readonly ports: { readonly first: number; readonly last: number }
  readonly vhosts: Vhosts
  readonly bindHost: () => string
  readonly meter: (service: string) => ProxyMeter | null
  readonly onBug: (error: unknown) => void
}

export interface OwnPort {
  /** `shared`: the public port, on which the domain is answered for. */
  readonly type: 'own' | 'shared'
  readonly port: number
  /** Who has a connection there now; for udp: whose datagrams passed within 30 s. */
  users(): number
  /** Ends them too, but for those of a domain: their connections are the public port's. */
  close(): Promise<void>
}

export type Came = Pick<PlaceListener, 'served' | 'intercept'>

interface Entry extends Came {
  readonly limit: TokenBucket | null
  readonly users: ReturnType<typeof createCount>
}

export type OpenedPort = OwnPort | { readonly type: 'refused'; readonly cause: ServiceCause }

const LOCAL_DIAL_TIMEOUT = 10_000

/** Answers what opens one for a service. `came` hears who comes there. */
export function createOwnPorts({ clock, network, ports, vhosts, bindHost, meter, onBug }: OwnPortNeeds) {
  const limitOf = ({ options }: ServiceSpec): TokenBucket | null =>
    bucketFor('client', { bandwidthLimit: options?.limit ?? '', bandwidthLimitMode: '' }, clock)
  const failed = ({ name }: ServiceSpec, why: string): void => meter(name)?.failed(why, clock.wallMs())
  const serve = async (spec: ServiceSpec, { served, limit, users }: Entry, accepted: AcceptedLink): Promise<void> => {
    const local = await network.dial(spec.local, { timeoutMs: LOCAL_DIAL_TIMEOUT })
    if (isFailureOf(local)) {
      served(localCause(spec.local, local))
      failed(spec, `nothing answers at ${spec.local}: ${local.text}`)
      return accepted.refuse()
    }
    served(null)
    local.link.on('error', () => failed(spec, `${spec.local} broke a connection off`))
    const header = headerOf(spec, accepted)
    if (header !== null) local.link.write(header)
    const { first } = accepted
    if (first !== null) local.link.write(first)
    const user = accepted.open(null).link
    const { bytes } = relayLinks(limit === null ? user : new LimitedLink(user, limit), local.link)
    const end = meter(spec.name)?.begin(() => ({ bytesIn: bytes().a + (first?.length ?? 0), bytesOut: bytes().b }))
    const left = users.came()
    whenClosed([user, local.link], () => {
      left()
      end?.()
    })
  }
  const openTcp = async (spec: ServiceSpec, came: Came, address: string): Promise<OwnPort | Failure> => {
    const users = createCount()
    const entry = { ...came, limit: limitOf(spec), users }
    const listening = await network.listen(address, (accepted) => void serve(spec, entry, accepted).catch(onBug))
    return isFailure(listening) ? listening : { type: 'own', port: listening.port, users: users.now, close: () => listening.close() }
  }
  const openUdp = async (spec: ServiceSpec, came: Came, address: string): Promise<OwnPort | Failure> => {
    const limit = limitOf(spec)
    let toUser: DatagramPort['send'] = () => {}
    const count = (
      direction: 'in' | 'out',
      { length }: Uint8Array,
      { host, port }: { readonly host: string; readonly port: number },
    ): void => meter(spec.name)?.datagram(direction, length, `${host} ${port}`, clock.now())
    const users = new UdpUsers({
      clock,
      openDatagrams: (at, onDatagram) => network.openDatagrams(at, onDatagram),
      local: spec.local,
      withHeader: spec.options?.proxyProtocol !== undefined,
      toUser: (bytes, user) => {
        if (limit?.admit(bytes.length) === false) return failed(spec, DATAGRAM_OVER_LIMIT)
        toUser(bytes, user)
        count('out', bytes, user)
      },
      onFail: (why) => failed(spec, why),
      onBug,
    })
    const opened = await network.openDatagrams(address, (bytes, from) => {
      const isProof = came.intercept(bytes)
      if (!isProof && limit?.admit(bytes.length) === false) return failed(spec, DATAGRAM_OVER_LIMIT)
      count('in', bytes, from)
      if (!isProof) users.toService(bytes, from)
    })
    if (isFailure(opened)) return opened
    toUser = opened.send
    const close = (): Promise<void> => {
      users.close()
      return opened.close()
    }
    return { type: 'own', port: opened.port, users: () => users.size, close }
  }
  const claim = (spec: ServiceSpec, came: Came, type: Scheme): OpenedPort => {
    const { domain } = spec
    const users = createCount()
    const entry = { ...came, limit: limitOf(spec), users }
    const wanted = { type, domains: domain === null ? [] : [domain], subdomain: '', locations: [] }
    const claimed = vhosts.claim(wanted, {
      rules: NO_RULES,
      serve: (user) => void serve(spec, entry, user).catch(onBug),
      failed: (why) => failed(spec, why),
    })
    if (claimed.type === 'refused')
      return { type: 'refused', cause: causeOfRefusal(claimed.error, { kind: type, port: 0, domain, group: null, at: null }) }
    return { type: 'shared', port: vhosts.port, users: users.now, close: async () => claimed.release() }
  }
  const openAt = (spec: ServiceSpec, came: Came, port: number): Promise<OwnPort | Failure> => {
    const address = addressOf(bindHost(), port) ?? ''
    return spec.kind === 'udp' ? openUdp(spec, came, address) : openTcp(spec, came, address)
  }
  const refused = (cause: ServiceCause): OpenedPort => ({ type: 'refused', cause })

  return async (spec: ServiceSpec, came: Came): Promise<OpenedPort> => {
    const { group, port: named } = spec.options ?? {}
    if (group !== undefined) return refused({ type: 'group-needs-turn', group })
    if (isByDomain(spec.kind)) return claim(spec, came, spec.kind)
    if (named !== undefined) {
      const opened = await openAt(spec, came, named)
      return isFailure(opened) ? refused({ type: 'port-not-opened', port: named, why: opened.text }) : opened
    }
    for (let port = ports.first; port <= ports.last; port++) {
      const opened = await openAt(spec, came, port)
      if (!isFailure(opened)) return opened
      if (opened.reason !== 'in-use') return refused({ type: 'port-not-opened', port, why: opened.text })
    }
    return refused({ type: 'no-free-port', at: null })
  }
}

function createCount() {
  let count = 0
  return {
    now: (): number => count,
    /** One more; answers its end. */
    came: (): (() => void) => {
      count++
      return () => {
        count--
      }
    },
  }
}

/** What the local service is told of a user, where it wants that. */
function headerOf({ options }: ServiceSpec, { remote, local }: AcceptedLink): Buffer | null {
  if (options?.proxyProtocol === undefined) return null
  const source = { host: plainHost(remote.host), port: remote.port }
  return proxyHeader(options.proxyProtocol, { source, destination: { host: plainHost(local.host), port: local.port }, datagrams: false })
}

/** Runs `end` once all of them are closed. */
function whenClosed(links: readonly Link[], end: () => void): void {
  let open = links.length
  const closed = (): void => {
    open -= 1
    if (open === 0) end()
  }
  for (const link of links) {
    if (link.destroyed) closed()
    else link.on('close', closed)
  }
}
