import { type EventObject, fromCallback } from 'xstate'
import type { ServiceSpec } from '../../answers.ts'
import { watchHealth } from '../../frp/index.ts'
import type { CheckFact } from '../../machines/exposed-service-machine.ts'
import type { Ports } from '../../ports.ts'
import { healthCheckOf } from './proxy-options.ts'

const LOCAL_DIAL_TIMEOUT = 10_000

interface CheckNeeds extends Pick<Ports, 'clock' | 'network'> {
  readonly specOf: (service: string) => ServiceSpec
}

/** Checks a service as its options say, and says nothing where they ask for no check. */
export const createCheckActor = ({ clock, network, specOf }: CheckNeeds) =>
  fromCallback<EventObject, { service: string }>(({ input: { service }, sendBack }) => {
    const { local, options } = specOf(service)
    if (options?.check === undefined) return
    const tell = (fact: CheckFact): void => sendBack(fact)
    return watchHealth({
      clock,
      dialLocal: (target) => network.dial(target, { timeoutMs: LOCAL_DIAL_TIMEOUT }),
      check: healthCheckOf(options.check),
      local,
      onChange: (why) =>
        tell(why === null ? { type: 'check.passed' } : { type: 'check.failed', cause: { type: 'check-failed', local, why } }),
    })
  })
