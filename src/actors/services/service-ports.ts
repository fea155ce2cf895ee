// Which port number each service asks for at its TURNs: one for all, kept in mind while TURNs come and go.
import { type PortSpan, servicePort } from '../../domain/service-port.ts'

export interface ServicePorts {
  /** How many numbers are passed over, at every TURN that is asked from now on. */
  step(service: string): number
  /** The number after so many steps, at a TURN that hands out these ports. 0 means any: too many were taken, or it hands out none. */
  at(service: string, span: PortSpan, step: number): number
  /** At one TURN that number is taken, or can't be opened. It is passed over at every TURN then, unless the service has it at another one. */
  taken(service: string, step: number): void
  /** The service is open at the number after so many steps, until the returned function is called. */
  stands(service: string, step: number): () => void
}

/** Numbers tried before any will do: if so many in a row are taken, the TURN is full. */
const MOST_STEPS = 16

export function createServicePorts(owner: string): ServicePorts {
  const steps = new Map<string, number>()
  /** Places by service and step. */
  const standing = new Map<string, number>()
  const keyOf = (service: string, step: number): string => `${step} ${service}`
  const count = (key: string, by: number): void => {
    const next = (standing.get(key) ?? 0) + by
    if (next > 0) standing.set(key, next)
    else standing.delete(key)
  }
  const stepOf = (service: string): number => steps.get(service) ?? 0
  return {
    step: stepOf,
    at: (service, span, step) => (step >= MOST_STEPS ? 0 : (servicePort(owner, service, span, step) ?? 0)),
    taken: (service, step) => {
      if (step === stepOf(service) && !standing.has(keyOf(service, step))) steps.set(service, step + 1)
    },
    stands: (service, step) => {
      const key = keyOf(service, step)
      count(key, 1)
      let isOver = false
      return () => {
        if (!isOver) count(key, -1)
        isOver = true
      }
    },
  }
}
