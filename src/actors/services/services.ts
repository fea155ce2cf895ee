// What this node exposes, and how each service stands: one machine a service (machines/exposed-service-machine.ts) for as long as
// it is exposed, whoever carries it.
import { type Observable, Subject } from 'rxjs'
import { type ActorRefFrom, createActor, type InspectionEvent } from 'xstate'
import type { ServiceAnswer, ServiceSpec } from '../../answers.ts'
import { SERVICE_RENEWAL, SERVICE_RETRY, SERVICES_AT_FULL_RATE } from '../../domain/timings.ts'
import type { News } from '../../feed/news.ts'
import { ProxyMeter } from '../../frp/index.ts'
import { exposedServiceMachine } from '../../machines/exposed-service-machine.ts'
import type { Ports } from '../../ports.ts'
import type { TrafficRates } from '../carrying/traffic-rates.ts'
import type { Carrier } from './carrier.ts'
import { createCheckActor } from './check-actor.ts'
import { createPlaceActor } from './place-actor.ts'
import { answerOf, isSameStanding, newsOf, type ServiceStanding, standingOf, waitingFor } from './service-standing.ts'

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
  /**
   * All services are carried by this from now on, until the function that is answered is called: with the reason, as a clause. Of
   * several the newest carries.
   */
  carriedBy(carrier: Carrier): (why: string) => void
  /** `changed`: how it stands. */
  readonly changes$: Observable<{ readonly type: 'added' | 'removed' | 'changed'; readonly name: string }>
  start(): void
  /** Ends every machine, and gives back what they hold. */
  stop(): void
}

interface ServicesNeeds extends Pick<Ports, 'clock' | 'random' | 'network'> {
  readonly first: readonly ServiceSpec[]
  readonly publish: (news: News) => void
  readonly rates: Pick<TrafficRates, 'answer'>
  readonly inspect: (event: InspectionEvent) => void
  readonly onBug: (error: unknown) => void
}

interface Service {
  readonly spec: ServiceSpec
  /** Null until it starts. */
  actor: ActorRefFrom<typeof exposedServiceMachine> | null
  standing: ServiceStanding
  /** Null until something carries it. */
  meter: ProxyMeter | null
}

export function createServices({ clock, random, network, first, publish, rates, inspect, onBug }: ServicesNeeds): Services {
  const all = new Map<string, Service>()
  const changes = new Subject<{ readonly type: 'added' | 'removed' | 'changed'; readonly name: string }>()
  const carriers: Carrier[] = []
  let isStarted = false
  /** Why the last carrier went. */
  let goneWhy = ''

  const specOf = (name: string): ServiceSpec => {
    const spec = all.get(name)?.spec
    if (!spec) throw new Error(`no service ${name}`)
    return spec
  }
  const carrier = (): Carrier => {
    const newest = carriers.at(-1)
    if (!newest) throw new Error('nobody carries services')
    return newest
  }
  /** How much more rarely each of so many is tried. */
  const stretch = (count: number): number => Math.max(1, count / SERVICES_AT_FULL_RATE)
  const countProving = (): number => [...all.values()].filter(({ standing }) => standing.phase === 'proving').length
  const machine = exposedServiceMachine.provide({
    actors: {
      check: createCheckActor({ clock, network, specOf }),
      place: createPlaceActor({ clock, random, network, specOf, carrier, onBug }),
    },
    delays: {
      retryPeriod: () => SERVICE_RETRY * stretch(countProving()),
      renewalPeriod: () => SERVICE_RENEWAL * stretch(all.size) * (0.75 + random.fraction() / 2),
    },
  })

  const changed = (service: Service, standing: ServiceStanding): void => {
    const { spec, standing: before } = service
    service.standing = standing
    const news = newsOf(before, standing, goneWhy)
    if (news) publish(news)
    changes.next({ type: 'changed', name: spec.name })
  }
  const begin = (service: Service): void => {
    const { spec } = service
    const actor = createActor(machine, {
      id: spec.name,
      clock,
      inspect,
      input: { service: spec.name, isChecked: spec.options?.check !== undefined, isPrivate: spec.options?.private === true },
    })
    service.actor = actor
    actor.subscribe({
      next: (snapshot) => {
        if (snapshot.status !== 'active') return
        const standing = standingOf(spec, snapshot)
        if (!isSameStanding(standing, service.standing)) changed(service, standing)
      },
      error: onBug,
    })
    actor.start()
    if (carriers.length > 0) actor.send({ type: 'carrier.ready' })
  }
  const put = (spec: ServiceSpec): Service => {
    const service: Service = { spec, actor: null, standing: waitingFor(spec), meter: null }
    all.set(spec.name, service)
    return service
  }
  const tellAll = (type: 'carrier.ready' | 'carrier.gone'): void => {
    for (const { actor } of [...all.values()]) actor?.send({ type })
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
      service.actor?.stop()
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
    carriedBy: (newest) => {
      carriers.push(newest)
      tellAll('carrier.ready')
      return (why) => {
        const at = carriers.indexOf(newest)
        if (at < 0) return
        const wasNewest = at === carriers.length - 1
        carriers.splice(at, 1)
        goneWhy = why
        if (wasNewest) tellAll(carriers.length > 0 ? 'carrier.ready' : 'carrier.gone')
      }
    },
    changes$: changes.asObservable(),
    start: () => {
      isStarted = true
      for (const service of all.values()) begin(service)
    },
    stop: () => {
      isStarted = false
      for (const { actor } of all.values()) actor?.stop()
    },
  }
}
