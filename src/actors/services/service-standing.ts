// How a service stands, made from its machine's snapshot, and what of it is told.
import type { SnapshotFrom } from 'xstate'
import type { ServiceAnswer, ServiceSpec } from '../../answers.ts'
import { explain, type ServiceCause } from '../../domain/service-cause.ts'
import type { News } from '../../feed/news.ts'
import type { exposedServiceMachine } from '../../machines/exposed-service-machine.ts'
import type { Carrier } from './carrier.ts'
import { publicOf } from './service-address.ts'

/** How a service stands at one carrier: its machine's state in the machine's own words, and what is known. */
interface Standing {
  readonly spec: ServiceSpec
  readonly phase: ServiceAnswer['phase']
  readonly cause: ServiceCause | null
  /** As people are told it; null unless it is up. */
  readonly public: string | null
  readonly sinceMs: number | null
  readonly provenAtMs: number | null
}

export interface PlaceStanding extends Standing {
  readonly at: Pick<Carrier, 'key' | 'name'>
}

/** How it stands as a whole. */
export interface ServiceStanding extends Standing {
  /** At each carrier, best first. */
  readonly places: readonly PlaceStanding[]
}

/** As it stands before anybody carries it. */
export const waitingFor = (spec: ServiceSpec): Standing => ({
  spec,
  phase: 'waiting',
  cause: null,
  public: null,
  sinceMs: null,
  provenAtMs: null,
})

export interface Told {
  /** The public address that people were told. */
  readonly public: string | null
  /** Another one is told by no proof from before this; wall time. */
  readonly sinceMs: number
}

/**
 * As it stands at the best carrier where it is up; where it is up nowhere, as at the best carrier.
 * After the machine slept it counts as up at a carrier once that is proven anew. `checkCause`: why
 * it does not pass its health check, where nobody carries it.
 */
export function bestOf(
  spec: ServiceSpec,
  places: readonly PlaceStanding[],
  checkCause: ServiceCause | null,
  told: Told = { public: null, sinceMs: Number.NEGATIVE_INFINITY },
): ServiceStanding {
  const isToldOf = (one: PlaceStanding): boolean =>
    one.public !== null && (one.public === told.public || (one.provenAtMs ?? told.sinceMs) >= told.sinceMs)
  const best = places.find(isToldOf) ?? places[0]
  if (!best) return { ...waitingFor(spec), cause: checkCause, places }
  const { at: _, ...standing } = best
  if (standing.public === null || isToldOf(best)) return { ...standing, places }
  return { ...standing, phase: 'proving', public: null, sinceMs: null, provenAtMs: null, places }
}

/** As one stands that nobody carries: nothing public is opened for it. `isWell`: it passes its health check, or has none. */
export const privateStanding = (spec: ServiceSpec, isWell: boolean, cause: ServiceCause | null): ServiceStanding => ({
  ...waitingFor(spec),
  phase: isWell ? 'private' : 'unhealthy',
  cause,
  places: [],
})

export function standingOf(spec: ServiceSpec, { value, context }: SnapshotFrom<typeof exposedServiceMachine>): Standing {
  const { cause, address, sinceMs, provenAtMs } = context
  const phase = typeof value === 'string' ? value : value.carried
  return { spec, phase, cause, public: phase === 'up' && address !== null ? publicOf(spec, address) : null, sinceMs, provenAtMs }
}

export function answerOf(
  { spec, phase, cause, public: at, sinceMs, provenAtMs, places }: ServiceStanding,
  traffic: ServiceAnswer['traffic'],
): ServiceAnswer {
  const { name, kind, local } = spec
  return {
    name,
    kind,
    local,
    public: at,
    at: places.map((place) => ({
      turn: place.at.key === null ? null : place.at.name,
      public: place.public,
      state: stateOf(place),
      error: place.cause === null ? null : explain(place.cause).text,
      provenAt: isoOf(place.provenAtMs),
    })),
    state: stateOf({ phase, cause }),
    error: cause === null ? null : explain(cause).text,
    phase,
    cause,
    since: isoOf(sinceMs),
    provenAt: isoOf(provenAtMs),
    traffic,
  }
}

const stateOf = ({ phase, cause }: Pick<Standing, 'phase' | 'cause'>): ServiceAnswer['state'] =>
  phase === 'up' || phase === 'private' ? 'up' : phase === 'refused' || (phase === 'unhealthy' && cause !== null) ? 'down' : 'opening'

const isoOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

export const isSameStanding = (a: ServiceStanding, b: ServiceStanding): boolean =>
  isSameAt(a, b) &&
  a.places.length === b.places.length &&
  a.places.every((place, i) => {
    const other = b.places[i]
    return other !== undefined && place.at === other.at && isSameAt(place, other)
  })

const isSameAt = (a: Standing, b: Standing): boolean =>
  a.phase === b.phase && a.public === b.public && a.sinceMs === b.sinceMs && a.provenAtMs === b.provenAtMs && isSame(a.cause, b.cause)

/** A cause is plain data; one of a type has its fields in one order. */
const isSame = (a: ServiceCause | null, b: ServiceCause | null): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)

/** What people are told of a change; null: nothing. `goneWhy`: why nobody carries it any more. */
export function newsOf(before: Standing, { spec, phase, cause, public: at }: Standing, goneWhy: string): News | null {
  if (at !== null) return at === before.public ? null : { type: 'service.up', service: spec.name, public: at }
  if (cause !== null && !isSame(cause, before.cause)) return { type: 'service.down', service: spec.name, why: explain(cause).text }
  if (before.public === null) return null
  return { type: 'service.down', service: spec.name, why: phase === 'waiting' ? goneWhy : 'its public address changed' }
}
