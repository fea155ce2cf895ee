// A tunnel as what carries services: each is a proxy of this node's frp client at the TURN.
import type { ServiceSpec } from '../../answers.ts'
import { addressOf } from '../../domain/address.ts'
import { causeOfRefusal } from '../../domain/frps-refusal.ts'
import type { ServiceCause } from '../../domain/service-cause.ts'
import type { PortSpan } from '../../domain/service-port.ts'
import type { TurnCandidate } from '../../domain/turn-choice.ts'
import type { createFrpClient, FrpClient, FrpClientFact } from '../../frp/index.ts'
import type { Failure, Ports } from '../../ports.ts'
import { type Carrier, isFailureOf, localCause, type PlaceListener } from '../services/carrier.ts'
import { proxyOptions } from '../services/proxy-options.ts'
import { portIn } from '../services/service-address.ts'
import type { ServicePorts } from '../services/service-ports.ts'
import { type AskedNumber, createAskedNumber } from './asked-number.ts'

interface TunnelCarrierNeeds extends Pick<Ports, 'network'> {
  readonly servicePorts: ServicePorts
  readonly client: () => Pick<FrpClient, 'openProxy' | 'closeProxy'>
  /** Stands before a service's name in its proxy's. */
  readonly prefix: string
  readonly turn: Pick<TurnCandidate, 'key' | 'name'>
  /** Where the TURN's ports are. */
  readonly turnHost: string
}

const LOCAL_DIAL_TIMEOUT = 10_000

type FrpClientOptions = Parameters<typeof createFrpClient>[0]
type ProxyFact = Extract<FrpClientFact, { readonly proxy: string }>

export interface TunnelCarrier extends Carrier {
  /** Connections of users that are open here now. */
  users(): number
  /** The ports that the TURN hands out; null: it does not say. Before places are opened. */
  handsOut(span: PortSpan | null): void
  /** What the client tells of a proxy. */
  hear(fact: ProxyFact): void
  readonly dialLocal: FrpClientOptions['dialLocal']
  readonly interceptDatagram: (proxy: string, bytes: Uint8Array) => boolean
}

interface TunnelPlace {
  readonly spec: ServiceSpec
  readonly listener: PlaceListener
  readonly number: AskedNumber
}

export function createTunnelCarrier(needs: TunnelCarrierNeeds): TunnelCarrier {
  const { network, client, prefix, turnHost, servicePorts } = needs
  const { key, name: turnName } = needs.turn
  let users = 0
  let span: PortSpan | null = null
  /** By the proxy's name. */
  const places = new Map<string, TunnelPlace>()
  /** By the address of the local service: why it could not be dialled last. The client tells of it as a text. */
  const failures = new Map<string, Failure>()
  const causeOf = ({ local }: ServiceSpec): ServiceCause => {
    const failure = failures.get(local)
    return failure === undefined ? { type: 'local-failed', local, why: 'it does not answer' } : localCause(local, failure)
  }
  const isOfService = (local: string): boolean => [...places.values()].some(({ spec }) => spec.local === local)
  /** Only a port of a service's own can be chosen: a group's is its members', and a domain has none. */
  const isFree = ({ kind, options }: ServiceSpec): boolean =>
    (kind === 'tcp' || kind === 'udp') && options?.group === undefined && options?.port === undefined
  return {
    key,
    name: turnName,
    handsOut: (ports) => {
      span = ports
    },
    isOnlyWay: true,
    users: () => users,
    open: (spec, listener) => {
      const name = prefix + spec.name
      const number = createAskedNumber({
        ...{ servicePorts, service: spec.name, span: isFree(spec) ? span : null },
        open: (port) => client().openProxy(port === 0 ? proxyOf(name, spec) : { ...proxyOf(name, spec), remotePort: port }),
      })
      const place: TunnelPlace = { spec, listener, number }
      places.set(name, place)
      number.begin()
      return {
        close: () => {
          if (places.get(name) === place) places.delete(name)
          number.left()
          client().closeProxy(name)
        },
      }
    },
    hear: (fact) => {
      const place = places.get(fact.proxy)
      if (!place) return
      const { spec, listener, number } = place
      switch (fact.type) {
        case 'client.proxyStarted': {
          const address = addressOf(turnHost, portIn(fact.remoteAddr, spec))
          // Without a port nobody can be told where it is.
          if (address === null) return listener.refused({ type: 'refused', at: turnName, said: fact.remoteAddr })
          number.started()
          return listener.opened(address)
        }
        case 'client.proxyRefused': {
          const cause = causeOfRefusal(fact.error, requestOf(spec, turnName))
          return number.refused(cause) ? undefined : listener.refused(cause)
        }
        case 'client.served':
          return listener.served(fact.ok ? null : causeOf(spec))
        default:
      }
    },
    dialLocal: async (local, reader) => {
      const opened = await network.dial(local, { timeoutMs: LOCAL_DIAL_TIMEOUT, ...(reader ? { reader } : {}) })
      if (isFailureOf(opened)) failures.set(local, opened)
      else if (isOfService(local)) {
        let isOpen = true
        users++
        opened.link.on('close', () => {
          if (isOpen) users--
          isOpen = false
        })
      }
      return opened
    },
    interceptDatagram: (proxy, bytes) => places.get(proxy)?.listener.intercept(bytes) ?? false,
  }
}

export const proxyOf = (name: string, { kind, local, domain, options }: ServiceSpec): Parameters<FrpClient['openProxy']>[0] => ({
  name,
  type: kind,
  local,
  customDomains: domain === null ? [] : [domain],
  ...proxyOptions(options),
})

export const requestOf = ({ kind, domain, options }: ServiceSpec, turnName: string): Parameters<typeof causeOfRefusal>[1] => ({
  kind,
  port: options?.port ?? 0,
  domain,
  group: options?.group ?? null,
  at: turnName,
})
