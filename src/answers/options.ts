// What a node is told.
import type { NetworkKind } from '../domain/network-kind.ts'
import type { Offer, Rations } from '../domain/offer.ts'
import type { TurnPreference } from '../domain/turn-choice.ts'
import type { ServiceSpec } from './services.ts'

/** Both ends belong to it. */
export interface PortRange {
  readonly first: number
  readonly last: number
}

/** What `createNode` is told besides its ports. Every default stands in `src/config/schema.ts`. */
export interface NodeOptions {
  readonly name: string
  readonly version: string
  /** `host:port`; null: nothing is opened to the outside. */
  readonly listen: string | null
  /** An address to try first for how others reach this node. */
  readonly advertise: string | null
  readonly addresses: 'public' | 'lan' | 'any'
  readonly network: NetworkKind
  readonly seeds: readonly string[]
  readonly turns: readonly TurnSource[]
  /** TURNs that are held at once where this node can't be reached without. Absent: 2. */
  readonly tunnels?: number
  /** What makes one TURN better than another. Absent: latency. */
  readonly turnPreference?: TurnPreference
  /** Connections on a tunnel that was moved away from have so many ms to end. Absent: 10 minutes. */
  readonly patienceMs?: number
  /** For whom traffic is carried. Absent: as `offerOf` says. */
  readonly offer?: Offer
  /**
   * What the owner's own stock frp clients give as `auth.token`, as it is now: secrets are
   * replaced while the node runs. Absent: nothing makes them that.
   */
  readonly turnTokens?: () => readonly string[]
  /** What strangers may have. Absent: `DEFAULT_RATIONS`. */
  readonly rations?: Rations
  /** Domains that strangers may have: names, and `*.` before one. Absent: none. */
  readonly allowDomains?: readonly string[]
  /** Ports handed out to clients that ask for none. */
  readonly ports: { readonly first: number; readonly last: number }
  /** Ports a client may name: one range, or several. */
  readonly allowPorts: PortRange | readonly PortRange[]
  /** Those of them that strangers may name. Absent: those of `ports`. */
  readonly strangerPorts?: readonly PortRange[]
  /** Ports a client may have at once, tcp and udp together; 0: no limit. */
  readonly maxPortsPerClient: number
  /** As a TURN: clients may have names below this domain, by frp's `subdomain`. Null, or absent: they may not. */
  readonly subdomainHost?: string | null
  readonly services: readonly ServiceSpec[]
  /** Bytes a day for automatic speed tests, both ways together; 0: there are none. */
  readonly speedtestBudgetBytes: number
  /** From one of them to the next, on average. */
  readonly speedtestPaceMs: number
}

export type TurnSource =
  | { readonly type: 'moonwalk' }
  | {
      readonly type: 'frp'
      readonly address: string
      readonly token: string
      /** Null and `force`: TLS. */
      readonly tls: 'force' | 'off' | null
      readonly wire: 1 | 2
      /** PEM. Given: the certificate is verified against it. Absent: any will do, as with stock frpc. */
      readonly ca?: string
      /** The name the certificate must be for, and that TLS asks for. Absent: the address's host. */
      readonly serverName?: string
    }
