// The port that a service asks for at a TURN, worked out from who owns it and how it is called: the same number at each TURN that
// hands out the same ports, so that one name with an address record for each of them goes on working when one is gone.
import { fnv1a } from './fnv1a.ts'

export interface PortSpan {
  readonly first: number
  readonly last: number
}

/**
 * The number for a service of the node `owner`; null: the span is empty. `step`: how often a number before was taken somewhere, 0 at
 * first. Steps go to the next number, and from the last of the span to its first, so that every number comes once.
 */
export function servicePort(owner: string, service: string, { first, last }: PortSpan, step: number): number | null {
  const size = last - first + 1
  if (size <= 0) return null
  return first + ((fnv1a(`${owner}/${service}`) + step) % size)
}

/** `20000-29999`; null: it is no span of ports. */
export function readPortSpan(text: string): PortSpan | null {
  const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? []
  const span = { first: Number(first ?? 0), last: Number(last ?? 0) }
  return span.first >= 1 && span.first <= span.last && span.last <= 65_535 ? span : null
}
