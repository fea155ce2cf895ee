// Which news a person's own command or web hook is told: what changes how this node and its services are reached.
import type { News } from './news.ts'

/** What is told where a person chose nothing. */
export const TOLD_OUTSIDE: readonly string[] = [
  'node.reachability',
  'service.up',
  'service.down',
  'turn.chosen',
  'turn.lost',
  'peer.added',
  'peer.changed',
  'peer.removed',
  'warned',
]

/** `types`: whole types such as `service.up`, or the first word of several, such as `service`. */
export const isToldOutside = ({ type }: Pick<News, 'type'>, types: readonly string[]): boolean =>
  types.includes(type) || types.includes(type.slice(0, type.indexOf('.')))
