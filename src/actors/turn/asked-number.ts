// The public port of one proxy at a TURN: its own number first, and the next where that is taken.
import type { ServiceCause } from '../../domain/service-cause.ts'
import type { PortSpan } from '../../domain/service-port.ts'
import type { ServicePorts } from '../services/service-ports.ts'

export interface AskedNumber {
  begin(): void
  /** The TURN has opened it. */
  started(): void
  /** The TURN will not; true: another number is asked for instead. */
  refused(cause: Pick<ServiceCause, 'type'>): boolean
  /** It is not open any more. */
  left(): void
}

interface NumberNeeds {
  readonly servicePorts: ServicePorts
  readonly service: string
  /** What the TURN hands out; null: it does not say, or any number will do. */
  readonly span: PortSpan | null
  /** Asks the TURN; 0: for any. */
  readonly open: (port: number) => void
}

export function createAskedNumber({ servicePorts, service, span, open }: NumberNeeds): AskedNumber {
  /** How many numbers were passed over; null: any will do. */
  let step: number | null = null
  let leave = (): void => {}
  const ask = (next: number | null): void => {
    const port = next === null || span === null ? 0 : servicePorts.at(service, span, next)
    step = port === 0 ? null : next
    open(port)
  }
  return {
    begin: () => ask(servicePorts.step(service)),
    started: () => {
      leave()
      if (step !== null) leave = servicePorts.stands(service, step)
    },
    refused: ({ type }) => {
      if (step === null || (type !== 'port-taken' && type !== 'port-not-allowed')) return false
      if (type === 'port-taken') servicePorts.taken(service, step)
      ask(type === 'port-taken' ? step + 1 : null)
      return true
    },
    left: () => leave(),
  }
}
