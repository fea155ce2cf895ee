// The colour of the page: how the node stands, as long as the page knows.
import { computed, effect } from '@preact/signals'
import { type Standing, spanText, standing, type Tone } from '../src/feed/standing.ts'
import { link, nowMs, status } from './feed-client.ts'
import { clockTime } from './format.ts'

/** `stale`: what is shown is from before, or nothing is known yet. */
export interface Shown extends Omit<Standing, 'tone'> {
  readonly tone: Tone | 'stale'
}

export const shownStanding = computed<Shown>(() => {
  const [now, known] = [link.value, status.value]
  switch (now.type) {
    case 'locked':
      return {
        tone: 'stale',
        text: 'This tab has no key to the node, or one that it does not know any more: open the link that “moonwalk dashboard” prints on its machine.',
        short: 'no key',
      }
    case 'connecting':
      return { tone: 'stale', text: 'Connecting to the node…', short: 'connecting' }
    case 'live':
    case 'recorded':
      return known ? standing(known, nowMs.value) : { tone: 'stale', text: 'Waiting for the node…', short: 'waiting' }
    case 'silent':
    case 'lost': {
      const since = `${clockTime(new Date(now.sinceMs).toISOString())} (${spanText(nowMs.value - now.sinceMs)})`
      const why = now.type === 'lost' && now.stopped ? 'The node has stopped' : 'No answer from the node'
      return { tone: 'stale', text: `${why}: nothing since ${since}. What you see is from then.`, short: 'no answer' }
    }
  }
})

const SIGNS = { good: '🟢', warn: '🟡', bad: '🔴', stale: '⚪' } as const

/** Paints the document, its title and its icon. */
export function paintDocument(): void {
  effect(() => {
    const { tone, short } = shownStanding.value
    document.documentElement.dataset.tone = tone
    const name = status.value?.node.name
    document.title = name === undefined ? 'moonwalk' : `${SIGNS[tone]} ${name}: ${short}`
    document.querySelector('link[rel=icon]')?.setAttribute('href', `./favicon-${tone}.svg`)
  })
}
