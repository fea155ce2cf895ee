// What a TURN carries for others.
import type { ServiceKind } from '../domain/service-kind.ts'
import type { TrafficAnswer } from './services.ts'

/** An frp client whose proxies this node carries. */
export interface ClientAnswer {
  /** Its run id. */
  readonly id: string
  /**
   * As the signed record has it of the node with its proven id, or of one that says it is
   * reached through one of these ports; null: there is none.
   */
  readonly name: string | null
  /** The id that it has proven; null: a stock frp client, or a stranger. */
  readonly member: string | null
  /** Where it connects from. */
  readonly address: string
  /** Of frp, as it says. */
  readonly version: string
  /** Whether it says that it is moonwalk. */
  readonly dialect: 'moonwalk' | 'frp'
  readonly since: string
  readonly proxies: readonly ProxyAnswer[]
}

export interface ProxyAnswer extends TrafficAnswer {
  readonly name: string
  readonly kind: ServiceKind
  readonly port: number
}

export interface CarriedAnswer {
  readonly clients: number
  readonly proxies: number
  readonly connectionsNow: number
  /** In this run, with those of proxies that are gone. */
  readonly connectionsEver: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly errorsEver: number
}

/** What came of `drain`. */
export interface DrainAnswer {
  /** Clients that are carried elsewhere now. */
  readonly moved: number
  /** Those that have nowhere else to go, or were too slow. */
  readonly stayed: number
  /** Users' connections that are still open. */
  readonly connections: number
}
