// Which port number each service asks for at its TURNs: one for all, kept in mind while TURNs come and go.
import { Subject } from 'rxjs'
import { type PortSpan, servicePort } from '../../domain/service-port.ts'

export interface ServicePorts {
  /** The number to ask for at a TURN that hands out these; 0, any: too many were taken, or it hands out none. */
  wanted(service: string, span: PortSpan): number
  /** A TURN has it taken, or can't open it: the next number is wanted from now on. Nothing changes where another is wanted already. */
  taken(service: string, port: number, span: PortSpan): void
  /** Another number is wanted for a service. */
  readonly changes$: Subject<string>
}

/** Numbers tried before any will do: if so many in a row are taken, the TURN is full. */
const MOST_STEPS = 16

export function createServicePorts(owner: string): ServicePorts {
  const steps = new Map<string, number>()
  const changes$ = new Subject<string>()
  const wanted = (service: string, span: PortSpan): number => {
    const step = steps.get(service) ?? 0
    return step >= MOST_STEPS ? 0 : (servicePort(owner, service, span, step) ?? 0)
  }
  return {
    wanted,
    taken: (service, port, span) => {
      if (port === 0 || wanted(service, span) !== port) return
      steps.set(service, (steps.get(service) ?? 0) + 1)
      changes$.next(service)
    },
    changes$,
  }
}
