// How a service stands, made from its machine's snapshot, and what of it is told.
import type { SnapshotFrom } from 'xstate'
import type { ServiceAnswer, ServiceSpec } from '../../answers.ts'
import { explain, type ServiceCause } from '../../domain/service-cause.ts'
import type { News } from '../../feed/news.ts'
import type { exposedServiceMachine } from '../../machines/exposed-service-machine.ts'
import { publicOf } from './service-address.ts'

/** How a service stands: its machine's state in the machine's own words, and what is known. */
export interface ServiceStanding {
  readonly spec: ServiceSpec
  readonly phase: ServiceAnswer['phase']
  readonly cause: ServiceCause | null
  /** As people are told it; null unless it is up. */
  readonly public: string | null
  readonly sinceMs: number | null
  readonly provenAtMs: number | null
}

/** As it stands before anybody carries it. */
export const waitingFor = (spec: ServiceSpec): ServiceStanding => ({
  spec,
  phase: 'waiting',
  cause: null,
  public: null,
  sinceMs: null,
  provenAtMs: null,
})

export function standingOf(spec: ServiceSpec, { value, context }: SnapshotFrom<typeof exposedServiceMachine>): ServiceStanding {
  const { cause, address, sinceMs, provenAtMs } = context
  const phase = typeof value === 'string' ? value : value.carried
  return { spec, phase, cause, public: phase === 'up' && address !== null ? publicOf(spec, address) : null, sinceMs, provenAtMs }
}

export function answerOf(
  { spec, phase, cause, public: at, sinceMs, provenAtMs }: ServiceStanding,
  traffic: ServiceAnswer['traffic'],
): ServiceAnswer {
  const { name, kind, local } = spec
  return {
    name,
    kind,
    local,
    public: at,
    state:
      phase === 'up' || phase === 'private' ? 'up' : phase === 'refused' || (phase === 'unhealthy' && cause !== null) ? 'down' : 'opening',
    error: cause === null ? null : explain(cause).text,
    phase,
    cause,
    since: isoOf(sinceMs),
    provenAt: isoOf(provenAtMs),
    traffic,
  }
}

const isoOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

export const isSameStanding = (a: ServiceStanding, b: ServiceStanding): boolean =>
  a.phase === b.phase && a.public === b.public && a.sinceMs === b.sinceMs && a.provenAtMs === b.provenAtMs && isSame(a.cause, b.cause)

/** A cause is plain data; one of a type has its fields in one order. */
const isSame = (a: ServiceCause | null, b: ServiceCause | null): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)

/** What people are told of a change; null: nothing. `goneWhy`: why nobody carries it any more. */
export function newsOf(before: ServiceStanding, { spec, phase, cause, public: at }: ServiceStanding, goneWhy: string): News | null {
  if (at !== null) return at === before.public ? null : { type: 'service.up', service: spec.name, public: at }
  if (cause !== null && !isSame(cause, before.cause)) return { type: 'service.down', service: spec.name, why: explain(cause).text }
  if (before.public === null) return null
  return { type: 'service.down', service: spec.name, why: phase === 'waiting' ? goneWhy : 'its public address changed' }
}
