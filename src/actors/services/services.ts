import { type Observable, Subject } from 'rxjs'
import type { ServiceAnswer, ServiceSpec } from '../../answers.ts'
import type { News } from '../../feed/news.ts'
import { ProxyMeter } from '../../frp/index.ts'
import type { TrafficRates } from '../carrying/traffic-rates.ts'

/** What this node exposes, and how each stands. */
export interface Services {
  list(): readonly ServiceAnswer[]
  specs(): readonly ServiceSpec[]
  add(spec: ServiceSpec): void
  remove(name: string): boolean
  /** What counts for a service, whatever carries it now; null when there is no such service. */
  meter(name: string): ProxyMeter | null
  meters(): readonly ProxyMeter[]
  /** A service's new standing. */
  note(name: string, standing: Pick<ServiceAnswer, 'state' | 'public' | 'error'>): void
  /** All at once: what carried them is gone. */
  noteAll(standing: Pick<ServiceAnswer, 'state' | 'error'>): void
  readonly changes$: Observable<{ readonly type: 'added' | 'removed' | 'noted'; readonly name: string }>
}

interface Service {
  readonly spec: ServiceSpec
  readonly answer: Omit<ServiceAnswer, 'traffic'>
  /** Null until something carries it. */
  readonly meter: ProxyMeter | null
}

export function createServices(
  first: readonly ServiceSpec[],
  publish: (news: News) => void,
  { answer: trafficOf }: Pick<TrafficRates, 'answer'>,
): Services {
  const all = new Map<string, Service>()
  const changes = new Subject<{ readonly type: 'added' | 'removed' | 'noted'; readonly name: string }>()
  const put = (spec: ServiceSpec): void => {
    all.set(spec.name, {
      spec,
      meter: null,
      answer: { name: spec.name, kind: spec.kind, local: spec.local, public: null, state: 'opening', error: null },
    })
  }
  for (const spec of first) put(spec)
  const note: Services['note'] = (name, standing) => {
    const one = all.get(name)
    if (!one) return
    const { answer } = one
    if (answer.state === standing.state && answer.public === standing.public && answer.error === standing.error) return
    all.set(name, { ...one, answer: { ...answer, ...standing } })
    if (standing.state === 'up' && standing.public !== null) publish({ type: 'service.up', service: name, public: standing.public })
    else if (answer.state === 'up' || (standing.error !== null && standing.error !== answer.error))
      publish({ type: 'service.down', service: name, why: standing.error ?? 'its tunnel is gone' })
    changes.next({ type: 'noted', name })
  }
  return {
    list: () => [...all.values()].map(({ answer, meter }) => ({ ...answer, traffic: meter === null ? null : trafficOf(meter) })),
    specs: () => [...all.values()].map(({ spec }) => spec),
    add: (spec) => {
      put(spec)
      changes.next({ type: 'added', name: spec.name })
    },
    remove: (name) => {
      const was = all.delete(name)
      if (was) changes.next({ type: 'removed', name })
      return was
    },
    meter: (name) => {
      const one = all.get(name)
      if (!one) return null
      const meter = one.meter ?? new ProxyMeter()
      all.set(name, { ...one, meter })
      return meter
    },
    meters: () => [...all.values()].flatMap(({ meter }) => (meter === null ? [] : [meter])),
    note,
    noteAll: (standing) => {
      for (const name of [...all.keys()]) note(name, { ...standing, public: null })
    },
    changes$: changes.asObservable(),
  }
}
