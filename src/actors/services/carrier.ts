// What puts services on the internet: a tunnel to a TURN (actors/turn/tunnel-carrier.ts), or this node itself (direct-services.ts).
// Proofs, retries and health checks are the same for both, and stand elsewhere (place-actor.ts, service-check.ts).
import type { ServiceSpec } from '../../answers.ts'
import type { ServiceCause } from '../../domain/service-cause.ts'
import { type Failure, isFailure, type Ports } from '../../ports.ts'

export interface Carrier {
  /** The TURN's key; null: this node itself. */
  readonly key: string | null
  /** For people. */
  readonly name: string
  /**
   * A service is reached by its public address alone, so a user who comes through proves that address. False where others may
   * come from nearby, as to this node's own ports.
   */
  readonly isOnlyWay: boolean
  /** Asks for a public port, or for the service's domain. `tell` hears what comes of it, at once or later, and never after `close`. */
  open(spec: ServiceSpec, tell: PlaceListener): Place
}

/** A public port or domain asked for. */
export interface Place {
  /** Gives it back. Once. */
  close(): void
}

export interface PlaceListener {
  /** It is open at `address` (`host:port`); null: at a host that is not known yet. Again whenever that changes. */
  opened(address: string | null): void
  /** It could not be had. Nothing follows but `close`. */
  refused(cause: ServiceCause): void
  /** A connection came in there and reached the local service (null), or did not. Not for udp. */
  served(cause: ServiceCause | null): void
  /** A datagram came in there. True: it was sent to prove the place, and the service is not to see it. */
  intercept(bytes: Uint8Array): boolean
}

/** Dialling a local service failed. */
export const localCause = (local: string, { reason, text }: Failure): ServiceCause =>
  reason === 'refused' ? { type: 'nothing-listens', local } : { type: 'local-failed', local, why: text }

type Dialled = Awaited<ReturnType<Ports['network']['dial']>>
export const isFailureOf = (answer: Dialled): answer is Extract<Dialled, { type: 'failed' }> => 'type' in answer && isFailure(answer)
