// A node that others can connect to needs no TURN for its services: it opens a port of its own for each, and answers for their
// domains on its public port.
import type { ServiceSpec } from '../answers.ts'
import { addressOf } from '../domain/address.ts'
import { relayLinks } from '../frp/bare-relay.ts'
import type { DatagramPort } from '../frp/contract.ts'
import { NO_RULES } from '../frp/http-rules.ts'
import type { AcceptedLink } from '../frp/link.ts'
import { UdpUsers } from '../frp/udp-users.ts'
import type { Vhosts } from '../frp/vhosts.ts'
import { type Failure, isFailure, type Ports } from '../ports.ts'
import { createProbeDatagrams } from './probe-datagrams.ts'
import { publicOf } from './service-address.ts'
import { createServiceProof, isFailureOf } from './service-proof.ts'
import type { Services } from './services.ts'

interface DirectNeeds extends Pick<Ports, 'clock' | 'random' | 'network'> {
  readonly services: Services
  readonly ports: { readonly first: number; readonly last: number }
  readonly vhosts: Vhosts
  readonly bindHost: () => string
  /** This node's proven host; null while nothing is proven. */
  readonly publicHost: () => string | null
}

/** A port of this node's own for one service. */
interface OwnPort {
  readonly type: 'listening' | 'open' | 'named'
  readonly port: number
  close(): Promise<void>
}

const LOCAL_DIAL_TIMEOUT = 10_000
const PROOF_PERIOD = 3_000

export function createDirectServices({ clock, random, network, services, ports, vhosts, bindHost, publicHost }: DirectNeeds) {
  const open = new Map<string, OwnPort>()
  let isActive = false
  const proofs = createServiceProof({ clock, network, probes: createProbeDatagrams(random) })

  const serve = async (spec: ServiceSpec, user: AcceptedLink): Promise<void> => {
    const local = await network.dial(spec.local, { timeoutMs: LOCAL_DIAL_TIMEOUT })
    if (isFailureOf(local)) {
      proofs.served(spec.name, `nothing answers at ${spec.local}: ${local.text}`)
      return user.refuse()
    }
    proofs.served(spec.name, null)
    if (user.first !== null) local.link.write(user.first)
    relayLinks(user.open(null).link, local.link)
  }
  const openTcp = (spec: ServiceSpec, address: string): Promise<OwnPort | Failure> =>
    network.listen(address, (accepted) => void serve(spec, accepted))
  const claim = (spec: ServiceSpec, type: 'http' | 'https'): OwnPort | string => {
    const wish = { type, domains: spec.domain === null ? [] : [spec.domain], subdomain: '', locations: [] }
    const claimed = vhosts.claim(wish, { rules: NO_RULES, serve: (user) => void serve(spec, user) })
    if (claimed.type === 'refused') return `this node can't answer for ${spec.domain}: ${claimed.error}`
    return { type: 'named', port: vhosts.port, close: async () => claimed.release() }
  }
  const openUdp = async (spec: ServiceSpec, address: string): Promise<OwnPort | Failure> => {
    let toUser: DatagramPort['send'] = () => {}
    const users = new UdpUsers({
      clock,
      openDatagrams: (at, onDatagram) => network.openDatagrams(at, onDatagram),
      local: spec.local,
      toUser: (bytes, user) => toUser(bytes, user),
    })
    const opened = await network.openDatagrams(address, (bytes, from) => {
      if (!proofs.intercept(spec.name, bytes)) users.toService(bytes, from)
    })
    if (isFailure(opened)) return opened
    toUser = opened.send
    const close = (): Promise<void> => {
      users.close()
      return opened.close()
    }
    return { type: 'open', port: opened.port, close }
  }
  const listen = async (spec: ServiceSpec): Promise<OwnPort | string> => {
    if (spec.kind === 'http' || spec.kind === 'https') return claim(spec, spec.kind)
    for (let port = ports.first; port <= ports.last; port++) {
      if ([...open.values()].some((one) => one.port === port)) continue
      const address = addressOf(bindHost(), port) ?? ''
      const opened = await (spec.kind === 'udp' ? openUdp(spec, address) : openTcp(spec, address))
      if (!isFailure(opened)) return opened
      if (opened.reason !== 'in-use') return opened.text
    }
    return `no port from ${ports.first} to ${ports.last} is free`
  }
  const prove = async (spec: ServiceSpec): Promise<void> => {
    const listening = open.get(spec.name)
    const host = publicHost()
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
  const start = async (spec: ServiceSpec): Promise<void> => {
    const listening = await listen(spec)
    if (typeof listening === 'string') return services.note(spec.name, { state: 'down', public: null, error: listening })
    if (!isActive || !services.specs().some(({ name }) => name === spec.name)) return void listening.close()
    open.set(spec.name, listening)
    await prove(spec)
  }
  const end = (name: string): void => {
    void open.get(name)?.close()
    open.delete(name)
  }
  services.changes$.subscribe(({ type, name }) => {
    const spec = services.specs().find((one) => one.name === name)
    if (isActive && type === 'added' && spec) void start(spec)
    if (type === 'removed') end(name)
  })
  return {
    active(now: boolean): void {
      if (now === isActive) return
      isActive = now
      if (now) for (const spec of services.specs()) void start(spec)
      else for (const name of [...open.keys()]) end(name)
    },
  }
}
