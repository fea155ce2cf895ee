// A node that others can connect to needs no TURN for its services: it opens a port of its own for each, and answers for their
// domains on its public port. Of a service's options `encrypt` and `compress` mean nothing here, since there is no stretch
// between TURN and node; a group is refused.
import { type EventObject, fromCallback } from 'xstate'
import type { ServiceSpec } from '../../answers.ts'
import { addressOf, parseAddress } from '../../domain/address.ts'
import {
  type AcceptedLink,
  bucketFor,
  type DatagramPort,
  LimitedLink,
  type Link,
  NO_RULES,
  plainHost,
  proxyHeader,
  relayLinks,
  type TokenBucket,
  UdpUsers,
  type Vhosts,
  watchHealth,
} from '../../frp/index.ts'
import { type Failure, isFailure, type Ports } from '../../ports.ts'
import type { OwnRecord } from '../membership/own-record.ts'
import { createProbeDatagrams } from './probe-datagrams.ts'
import { publicOf } from './service-address.ts'
import { createServiceProof, isFailureOf } from './service-proof.ts'
import { healthCheckOf } from './service-wishes.ts'
import type { Services } from './services.ts'

interface DirectNeeds extends Pick<Ports, 'clock' | 'random' | 'network'> {
  readonly services: Services
  readonly ports: { readonly first: number; readonly last: number }
  readonly vhosts: Vhosts
  readonly bindHost: () => string
  readonly own: Pick<OwnRecord, 'address'>
}

/** A port of this node's own for one service. */
interface OwnPort {
  readonly type: 'listening' | 'open' | 'named'
  readonly port: number
  close(): Promise<void>
}

const LOCAL_DIAL_TIMEOUT = 10_000
const PROOF_PERIOD = 3_000

export function createDirectServices({ clock, random, network, services, ports, vhosts, bindHost, own }: DirectNeeds) {
  const open = new Map<string, OwnPort>()
  /** Whose ports are wanted; each time anew. */
  const wanted = new Map<string, object>()
  /** How to end each service's checks. */
  const checks = new Map<string, () => void>()
  let isActive = false
  const proofs = createServiceProof({ clock, network, probes: createProbeDatagrams(random) })

  const limitOf = ({ options }: ServiceSpec): TokenBucket | null =>
    bucketFor('client', { bandwidthLimit: options?.limit ?? '', bandwidthLimitMode: '' }, clock)
  const serve = async (spec: ServiceSpec, limit: TokenBucket | null, accepted: AcceptedLink): Promise<void> => {
    const local = await network.dial(spec.local, { timeoutMs: LOCAL_DIAL_TIMEOUT })
    if (isFailureOf(local)) {
      const why = `nothing answers at ${spec.local}: ${local.text}`
      proofs.served(spec.name, why)
      services.meter(spec.name)?.failed(why, clock.wallMs())
      return accepted.refuse()
    }
    proofs.served(spec.name, null)
    local.link.on('error', () => services.meter(spec.name)?.failed(`${spec.local} broke a connection off`, clock.wallMs()))
    const header = headerOf(spec, accepted)
    if (header !== null) local.link.write(header)
    const { first } = accepted
    if (first !== null) local.link.write(first)
    const user = accepted.open(null).link
    const { bytes } = relayLinks(limit === null ? user : new LimitedLink(user, limit), local.link)
    const end = services.meter(spec.name)?.begin(() => ({ bytesIn: bytes().a + (first?.length ?? 0), bytesOut: bytes().b }))
    if (end) whenClosed([user, local.link], end)
  }
  const openTcp = (spec: ServiceSpec, address: string): Promise<OwnPort | Failure> => {
    const limit = limitOf(spec)
    return network.listen(address, (accepted) => void serve(spec, limit, accepted))
  }
  const claim = (spec: ServiceSpec, type: 'http' | 'https'): OwnPort | string => {
    const limit = limitOf(spec)
    const wish = { type, domains: spec.domain === null ? [] : [spec.domain], subdomain: '', locations: [] }
    const failed = (why: string): void => services.meter(spec.name)?.failed(why, clock.wallMs())
    const claimed = vhosts.claim(wish, { rules: NO_RULES, serve: (user) => void serve(spec, limit, user), failed })
    if (claimed.type === 'refused') return `this node can't answer for ${spec.domain}: ${claimed.error}`
    return { type: 'named', port: vhosts.port, close: async () => claimed.release() }
  }
  const openUdp = async (spec: ServiceSpec, address: string): Promise<OwnPort | Failure> => {
    const limit = limitOf(spec)
    let toUser: DatagramPort['send'] = () => {}
    const count = (
      direction: 'in' | 'out',
      { length }: Uint8Array,
      { host, port }: { readonly host: string; readonly port: number },
    ): void => services.meter(spec.name)?.datagram(direction, length, `${host} ${port}`, clock.now())
    const users = new UdpUsers({
      clock,
      openDatagrams: (at, onDatagram) => network.openDatagrams(at, onDatagram),
      local: spec.local,
      withHeader: spec.options?.proxyProtocol !== undefined,
      toUser: (bytes, user) => {
        if (limit?.admit(bytes.length) === false) return
        toUser(bytes, user)
        count('out', bytes, user)
      },
      onFail: (why) => services.meter(spec.name)?.failed(why, clock.wallMs()),
    })
    const opened = await network.openDatagrams(address, (bytes, from) => {
      const isProof = proofs.intercept(spec.name, bytes)
      if (!isProof && limit?.admit(bytes.length) === false) return
      count('in', bytes, from)
      if (!isProof) users.toService(bytes, from)
    })
    if (isFailure(opened)) return opened
    toUser = opened.send
    const close = (): Promise<void> => {
      users.close()
      return opened.close()
    }
    return { type: 'open', port: opened.port, close }
  }
  const openAt = (spec: ServiceSpec, port: number): Promise<OwnPort | Failure> => {
    const address = addressOf(bindHost(), port) ?? ''
    return spec.kind === 'udp' ? openUdp(spec, address) : openTcp(spec, address)
  }
  const listen = async (spec: ServiceSpec): Promise<OwnPort | string> => {
    if (spec.kind === 'http' || spec.kind === 'https') return claim(spec, spec.kind)
    const { port: wished } = spec.options ?? {}
    if (wished !== undefined) {
      const opened = await openAt(spec, wished)
      return isFailure(opened) ? `port ${wished}, which it asks for, can't be opened: ${opened.text}` : opened
    }
    for (let port = ports.first; port <= ports.last; port++) {
      if ([...open.values()].some((one) => one.port === port)) continue
      const opened = await openAt(spec, port)
      if (!isFailure(opened)) return opened
      if (opened.reason !== 'in-use') return opened.text
    }
    return `no port from ${ports.first} to ${ports.last} is free`
  }
  const prove = async (spec: ServiceSpec): Promise<void> => {
    const listening = open.get(spec.name)
    const host = parseAddress(own.address() ?? '')?.host ?? null
    if (!listening || !isActive) return
    const address = host === null ? null : addressOf(host, listening.port)
    const why =
      address === null ? 'this node does not know yet at which address others reach it' : await proofs.prove(spec.name, address, spec)
    if (open.get(spec.name) !== listening || !isActive) return
    const isUp = why === null && address !== null
    services.note(
      spec.name,
      isUp ? { state: 'up', public: publicOf(spec, address), error: null } : { state: 'opening', public: null, error: why },
    )
    if (why !== null) clock.setTimeout(() => void prove(spec), PROOF_PERIOD)
  }
  const down = ({ name }: ServiceSpec, error: string): void => services.note(name, { state: 'down', public: null, error })
  const start = async (spec: ServiceSpec): Promise<void> => {
    const wish = {}
    wanted.set(spec.name, wish)
    const listening = await listen(spec)
    const isWanted = wanted.get(spec.name) === wish
    if (typeof listening === 'string') return isWanted ? down(spec, listening) : undefined
    if (!isWanted) return void listening.close()
    open.set(spec.name, listening)
    await prove(spec)
  }
  const shut = (name: string): void => {
    wanted.delete(name)
    void open.get(name)?.close()
    open.delete(name)
  }
  const begin = (spec: ServiceSpec): void => {
    const { group, check } = spec.options ?? {}
    if (group !== undefined) return down(spec, 'a group shares a port of a TURN, and this node is reached without one; leave its group out')
    if (check === undefined) return void start(spec)
    const onChange = (why: string | null): void => {
      if (why === null) return void start(spec)
      shut(spec.name)
      down(spec, `its check fails: ${why}`)
    }
    const stop = watchHealth({
      clock,
      dialLocal: (target) => network.dial(target, { timeoutMs: LOCAL_DIAL_TIMEOUT }),
      check: healthCheckOf(check),
      local: spec.local,
      onChange,
    })
    checks.set(spec.name, stop)
  }
  const end = (name: string): void => {
    checks.get(name)?.()
    checks.delete(name)
    shut(name)
  }
  services.changes$.subscribe(({ type, name }) => {
    const spec = services.specs().find((one) => one.name === name)
    if (isActive && type === 'added' && spec) begin(spec)
    if (type === 'removed') end(name)
  })
  return {
    /** Opens the services for as long as it runs. */
    logic: fromCallback<EventObject, undefined>(() => {
      isActive = true
      for (const spec of services.specs()) begin(spec)
      return () => {
        isActive = false
        for (const name of [...open.keys(), ...wanted.keys(), ...checks.keys()]) end(name)
      }
    }),
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
