// What this node exposes, and how each service stands: one machine (machines/exposed-service-machine.ts) for each service at each
// carrier. A service stands as it does at the best carrier where it is up.
import { type Observable, Subject } from 'rxjs'
import { type ActorRefFrom, createActor, type InspectionEvent } from 'xstate'
import type { ServiceAnswer, ServiceSpec } from '../../answers.ts'
import type { Passed } from '../../domain/history.ts'
import type { ServiceCause } from '../../domain/service-cause.ts'
import { SERVICE_PROOF_COUNTS, SERVICE_RENEWAL, SERVICE_RETRY, SERVICES_AT_FULL_RATE } from '../../domain/timings.ts'
import type { News } from '../../feed/news.ts'
import { ProxyMeter } from '../../frp/index.ts'
import { exposedServiceMachine } from '../../machines/exposed-service-machine.ts'
import type { Ports } from '../../ports.ts'
import type { TrafficRates } from '../carrying/traffic-rates.ts'
import type { Carrier } from './carrier.ts'
import { createPlaceActor } from './place-actor.ts'
import { type ServiceCheck, startCheck } from './service-check.ts'
import {
  answerOf,
  bestOf,
  isSameStanding,
  newsOf,
  type PlaceStanding,
  privateStanding,
  type ServiceStanding,
  standingOf,
  waitingFor,
} from './service-standing.ts'

export interface Services {
  list(): readonly ServiceAnswer[]
  specs(): readonly ServiceSpec[]
  standings(): readonly ServiceStanding[]
  /** Its machine starts at once, or with `start`. */
  add(spec: ServiceSpec): void
  remove(name: string): boolean
  /** What counts for a service, whatever carries it now; null when there is no such service. */
  meter(name: string): ProxyMeter | null
  meters(): readonly ProxyMeter[]
  /** What has come for each for which anything has, without what this node sent to prove it; a service that is exposed anew begins anew. */
  passed(): readonly ServicePassed[]
  /** From now on this carrier carries all services too, until the returned function is called with the reason, a clause. */
  carriedBy(carrier: Carrier): (why: string) => void
  /** How many services are up at this carrier and at no other. */
  onlyAt(carrier: Carrier): number
  /** The carriers by their keys, best first. This node's own ports come before all of them. */
  rank(keys: readonly string[]): void
  /** `changed`: how it stands. */
  readonly changes$: Observable<{ readonly type: 'added' | 'removed' | 'changed'; readonly name: string }>
  start(): void
  /** Ends every machine, and gives back what they hold. */
  stop(): void
}

export interface ServicePassed extends Passed {
  readonly service: string
}

interface ServicesNeeds extends Pick<Ports, 'clock' | 'random' | 'network'> {
  readonly first: readonly ServiceSpec[]
  readonly publish: (news: News) => void
  readonly rates: Pick<TrafficRates, 'answer'>
  readonly inspect: (event: InspectionEvent) => void
  readonly onBug: (error: unknown) => void
}

/** A service at one carrier. */
interface Placed {
  readonly carrier: Carrier
  readonly actor: ActorRefFrom<typeof exposedServiceMachine>
  standing: PlaceStanding
}

interface Service {
  readonly spec: ServiceSpec
  readonly placed: Map<Carrier, Placed>
  /** Its health check, once for all carriers; null: it has none, or has not started. */
  check: ServiceCheck | null
  standing: ServiceStanding
  /** Null until something carries it. */
  meter: ProxyMeter | null
  /** Connections that this node made itself and that came out at the service. */
  proofs: number
}

export function createServices({ clock, random, network, first, publish, rates, inspect, onBug }: ServicesNeeds): Services {
  const all = new Map<string, Service>()
  const changes = new Subject<{ readonly type: 'added' | 'removed' | 'changed'; readonly name: string }>()
  const carriers: Carrier[] = []
  let ranking: readonly string[] = []
  let isStarted = false
  /** Why the last carrier went. */
  let goneWhy = ''

  const rankOf = ({ key }: Carrier): number => {
    const at = key === null ? -1 : ranking.indexOf(key)
    return key !== null && at < 0 ? ranking.length : at
  }
  /** How much more rarely each of so many is tried. */
  const stretch = (count: number): number => Math.max(1, count / SERVICES_AT_FULL_RATE)
  const countProving = (): number => Math.max(0, ...carriers.map(provingAt))
  const provingAt = (carrier: Carrier): number =>
    [...all.values()].filter(({ placed }) => placed.get(carrier)?.standing.phase === 'proving').length
  const machineFor = (carrier: Carrier) =>
    exposedServiceMachine.provide({
      actors: { place: createPlaceActor({ clock, random, network, specOf, carrier, cameThrough, onBug }) },
      delays: {
        retryPeriod: () => SERVICE_RETRY * stretch(countProving()),
        renewalPeriod: () => SERVICE_RENEWAL * stretch(all.size) * (0.75 + random.fraction() * 0.375),
      },
    })
  const machines = new Map<Carrier, ReturnType<typeof machineFor>>()
  const cameThrough = (name: string): void => {
    const service = all.get(name)
    if (service) service.proofs++
  }
  const specOf = (name: string): ServiceSpec => {
    const spec = all.get(name)?.spec
    if (!spec) throw new Error(`no service ${name}`)
    return spec
  }

  /** How it stands as a whole follows from how it stands at each carrier. */
  const settle = (service: Service): void => {
    const { spec, standing: before, check } = service
    const places = [...service.placed.values()].sort((a, b) => rankOf(a.carrier) - rankOf(b.carrier)).map(({ standing }) => standing)
    const cause = check?.cause() ?? null
    const told = { public: before.public, sinceMs: clock.wallMs() - SERVICE_PROOF_COUNTS * stretch(all.size) }
    const standing = isPrivate(spec) ? privateStanding(spec, check?.isWell() ?? true, cause) : bestOf(spec, places, cause, told)
    if (isSameStanding(standing, before)) return
    service.standing = standing
    const news = newsOf(before, standing, goneWhy)
    if (news) publish(news)
    changes.next({ type: 'changed', name: spec.name })
  }
  const place = (service: Service, carrier: Carrier): void => {
    const { spec, placed, check } = service
    const machine = machines.get(carrier)
    if (!machine || placed.has(carrier) || isPrivate(spec)) return
    const actor = createActor(machine, {
      id: `${spec.name}@${carrier.name}`,
      clock,
      inspect,
      input: { service: spec.name, isWell: check?.isWell() ?? true, cause: check?.cause() ?? null },
    })
    const one: Placed = { carrier, actor, standing: { at: carrier, ...waitingFor(spec) } }
    placed.set(carrier, one)
    actor.subscribe({
      next: (snapshot) => {
        if (snapshot.status !== 'active' || placed.get(carrier) !== one) return
        one.standing = { at: carrier, ...standingOf(spec, snapshot) }
        settle(service)
      },
      error: onBug,
    })
    actor.start()
    actor.send({ type: 'carrier.ready' })
  }
  const displace = (service: Service, carrier: Carrier): void => {
    const one = service.placed.get(carrier)
    service.placed.delete(carrier)
    one?.actor.stop()
    settle(service)
  }
  const checked = (service: Service, cause: ServiceCause | null): void => {
    for (const { actor } of [...service.placed.values()])
      actor.send(cause === null ? { type: 'check.passed' } : { type: 'check.failed', cause })
    settle(service)
  }
  const begin = (service: Service): void => {
    const { spec } = service
    if (spec.options?.check !== undefined) service.check = startCheck({ clock, network, spec, changed: (cause) => checked(service, cause) })
    for (const carrier of carriers) place(service, carrier)
    if (isPrivate(spec)) settle(service)
  }
  const halt = (service: Service): void => {
    service.check?.stop()
    for (const { actor } of service.placed.values()) actor.stop()
    service.placed.clear()
  }
  const put = (spec: ServiceSpec): Service => {
    const service: Service = { spec, placed: new Map(), check: null, standing: { ...waitingFor(spec), places: [] }, meter: null, proofs: 0 }
    all.set(spec.name, service)
    return service
  }
  for (const spec of first) put(spec)

  return {
    list: () => [...all.values()].map(({ standing, meter }) => answerOf(standing, meter === null ? null : rates.answer(meter))),
    specs: () => [...all.values()].map(({ spec }) => spec),
    standings: () => [...all.values()].map(({ standing }) => standing),
    add: (spec) => {
      const service = put(spec)
      changes.next({ type: 'added', name: spec.name })
      if (isStarted) begin(service)
    },
    remove: (name) => {
      const service = all.get(name)
      if (!service) return false
      halt(service)
      all.delete(name)
      if (service.standing.public !== null) publish({ type: 'service.down', service: name, why: 'it is not exposed any more' })
      changes.next({ type: 'removed', name })
      return true
    },
    meter: (name) => {
      const service = all.get(name)
      if (!service) return null
      service.meter ??= new ProxyMeter()
      return service.meter
    },
    meters: () => [...all.values()].flatMap(({ meter }) => (meter === null ? [] : [meter])),
    passed: () =>
      [...all.values()].flatMap(({ spec, meter, proofs }) => {
        if (meter === null) return []
        const { bytesIn, bytesOut, connectionsEver } = meter.figures(clock.now())
        return [{ service: spec.name, bytesIn, bytesOut, connections: Math.max(0, connectionsEver - proofs) }]
      }),
    carriedBy: (carrier) => {
      carriers.push(carrier)
      machines.set(carrier, machineFor(carrier))
      if (isStarted) for (const service of [...all.values()]) place(service, carrier)
      return (why) => {
        const at = carriers.indexOf(carrier)
        if (at < 0) return
        carriers.splice(at, 1)
        machines.delete(carrier)
        goneWhy = why
        for (const service of [...all.values()]) displace(service, carrier)
      }
    },
    onlyAt: (carrier) =>
      [...all.values()].filter(({ standing: { places } }) => {
        const [one, other] = places.filter((at) => at.public !== null)
        return one?.at === carrier && other === undefined
      }).length,
    rank: (keys) => {
      if (keys.join() === ranking.join()) return
      ranking = [...keys]
      for (const service of [...all.values()]) settle(service)
    },
    changes$: changes.asObservable(),
    start: () => {
      isStarted = true
      for (const service of all.values()) begin(service)
    },
    stop: () => {
      isStarted = false
      for (const service of all.values()) halt(service)
    },
  }
}

const isPrivate = ({ options }: ServiceSpec): boolean => options?.private === true
