import type { HealthAnswer } from '../../answers.ts'
import { explain } from '../../domain/service-cause.ts'
import type { ServiceStanding } from './service-standing.ts'

/**
 * What a person should know of services that are not up, each with what to do
 * about it. One that nobody carries yet is no news of its own.
 */
export const serviceHealth = (standings: readonly ServiceStanding[]): readonly HealthAnswer[] =>
  standings.flatMap(({ spec, cause }) => {
    if (cause === null) return []
    const { text, fix } = explain(cause)
    return [{ level: 'warn', text: `service ${spec.name} is not up: ${text}`, fix }]
  })
