// The types of news, as people name them: what a command or a web hook is told, and what `moonwalk events` shows.
import { nearest } from './nearest.ts'

const NEWS_TYPES: readonly string[] = [
  'client.arrived',
  'client.left',
  'client.refused',
  'node.listening',
  'node.reachability',
  'node.stopped',
  'peer.added',
  'peer.changed',
  'peer.cleared',
  'peer.measured',
  'peer.reachedByOthers',
  'peer.removed',
  'peer.suspected',
  'proxy.closed',
  'proxy.opened',
  'proxy.refused',
  'seed.failed',
  'service.down',
  'service.up',
  'speed.measured',
  'speed.refused',
  'state.entered',
  'turn.broke',
  'turn.chosen',
  'turn.draining',
  'turn.lost',
  'turn.unfit',
  'warned',
]

const WORDS: readonly string[] = [...new Set([...NEWS_TYPES, ...NEWS_TYPES.map((type) => type.replace(/\..*/, ''))])]

/** Why a text is neither a type nor the first word of several; null: it is one. */
export function noNewsType(text: string): string | null {
  if (WORDS.includes(text)) return null
  const near = nearest(text, WORDS)
  return `"${text}" is no type of news; ${near === null ? 'write one such as service.up, or service' : `did you mean ${near}?`}`
}
