import type { ServiceSpec } from '../../answers.ts'
import type { ServiceCause } from '../../domain/service-cause.ts'
import { watchHealth } from '../../frp/index.ts'
import type { Ports } from '../../ports.ts'
import { healthCheckOf } from './proxy-options.ts'

const LOCAL_DIAL_TIMEOUT = 10_000

interface CheckNeeds extends Pick<Ports, 'clock' | 'network'> {
  readonly spec: ServiceSpec
  /** Its first outcome and each change; null: it passes. */
  readonly changed: (cause: ServiceCause | null) => void
}

/** The health check of one service, whoever carries it. */
export interface ServiceCheck {
  /** It has passed the last time; before the first outcome it has not. */
  isWell(): boolean
  /** Why it did not pass; null: it did, or nothing is known yet. */
  cause(): ServiceCause | null
  stop(): void
}

export function startCheck({ clock, network, spec: { local, options }, changed }: CheckNeeds): ServiceCheck {
  let isWell = options?.check === undefined
  let cause: ServiceCause | null = null
  const stop =
    options?.check === undefined
      ? () => {}
      : watchHealth({
          clock,
          dialLocal: (target) => network.dial(target, { timeoutMs: LOCAL_DIAL_TIMEOUT }),
          check: healthCheckOf(options.check),
          local,
          onChange: (why) => {
            isWell = why === null
            cause = why === null ? null : { type: 'check-failed', local, why }
            changed(cause)
          },
        })
  return { isWell: () => isWell, cause: () => cause, stop }
}
