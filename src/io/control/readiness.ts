import type { PeerCounts, StatusAnswer } from '../../answers.ts'

export interface Readiness {
  readonly isReady: boolean
  /** One line: the node's state, or all that is missing. */
  readonly text: string
}

/** Services that are named one by one. */
const MAX_NAMED = 3

/**
 * What `GET /readyz` says. Ready: others reach this node, which was proven, and every service that it exposes is up. The first node
 * of a network has nobody to prove it, and is ready without.
 */
export function readinessOf({ node, services }: StatusAnswer, counts: PeerCounts): Readiness {
  const missing = [...missingReach(node, counts), ...missingServices(services)]
  return missing.length === 0
    ? { isReady: true, text: `ready: ${node.state}` }
    : { isReady: false, text: `not ready: ${node.state}; ${missing.join('; ')}` }
}

function missingReach({ state, address, reachability }: StatusAnswer['node'], { alive, suspect }: PeerCounts): readonly string[] {
  if (address !== null && reachability !== 'unknown') return []
  if (/^tunnelling\b/.test(state)) return ['nothing came through its TURN yet']
  if (/^selectingTurn\b/.test(state)) return ['nobody can be reached who carries traffic for others']
  if (/^bootstrapping\b/.test(state)) return ['nobody of its network has answered yet']
  if (state === 'stopped') return ['it has stopped']
  const isFirst = state === 'serving' && alive + suspect === 0
  return isFirst ? [] : ['nobody has proven yet that others can reach it']
}

function missingServices(services: StatusAnswer['services']): readonly string[] {
  const down = services.filter(({ state }) => state !== 'up')
  const named = down.slice(0, MAX_NAMED).map(({ name, error }) => `service ${name} is not up${error === null ? '' : `: ${error}`}`)
  const more = down.length - named.length
  return more > 0 ? [...named, `nor ${more === 1 ? 'is 1 more' : `are ${more} more`}`] : named
}
