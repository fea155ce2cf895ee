// A tunnel as what carries services: each is a proxy of this node's frp client at the TURN.
import type { ServiceSpec } from '../../answers.ts'
import { addressOf } from '../../domain/address.ts'
import { causeOfRefusal } from '../../domain/frps-refusal.ts'
import type { ServiceCause } from '../../domain/service-cause.ts'
import type { TurnCandidate } from '../../domain/turn-choice.ts'
import type { createFrpClient, FrpClient, FrpClientFact } from '../../frp/index.ts'
import type { Failure, Ports } from '../../ports.ts'
import { type Carrier, isFailureOf, localCause, type PlaceListener } from '../services/carrier.ts'
import { proxyOptions } from '../services/proxy-options.ts'
import { portIn } from '../services/service-address.ts'

interface TunnelCarrierNeeds extends Pick<Ports, 'network'> {
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
  /** What the client tells of a proxy. */
  hear(fact: ProxyFact): void
  readonly dialLocal: FrpClientOptions['dialLocal']
  readonly interceptDatagram: (proxy: string, bytes: Uint8Array) => boolean
}

export function createTunnelCarrier({ network, client, prefix, turn, turnHost }: TunnelCarrierNeeds): TunnelCarrier {
  const { key, name: turnName } = turn
  let users = 0
  /** By the proxy's name. */
  const places = new Map<string, { readonly spec: ServiceSpec; readonly listener: PlaceListener }>()
  /** By the address of the local service: why it could not be dialled last. The client tells of it as a text. */
  const failures = new Map<string, Failure>()
  const causeOf = ({ local }: ServiceSpec): ServiceCause => {
    const failure = failures.get(local)
    return failure === undefined ? { type: 'local-failed', local, why: 'it does not answer' } : localCause(local, failure)
  }
  const isOfService = (local: string): boolean => [...places.values()].some(({ spec }) => spec.local === local)
  return {
    key,
    name: turnName,
    isOnlyWay: true,
    users: () => users,
    open: (spec, listener) => {
      const name = prefix + spec.name
      const place = { spec, listener }
      places.set(name, place)
      client().openProxy(proxyOf(name, spec))
      return {
        close: () => {
          if (places.get(name) === place) places.delete(name)
          client().closeProxy(name)
        },
      }
    },
    hear: (fact) => {
      const place = places.get(fact.proxy)
      if (!place) return
      const { spec, listener } = place
      switch (fact.type) {
        case 'client.proxyStarted': {
          const address = addressOf(turnHost, portIn(fact.remoteAddr, spec))
          // Without a port nobody can be told where it is.
          if (address === null) listener.refused({ type: 'refused', at: turnName, said: fact.remoteAddr })
          else listener.opened(address)
          return
        }
        case 'client.proxyRefused':
          return listener.refused(causeOfRefusal(fact.error, requestOf(spec, turnName)))
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
