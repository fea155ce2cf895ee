// The node's last day, as this page holds it: asked for whole once, and its newest minutes from then on.
import { effect, signal } from '@preact/signals'
import { link, status } from './feed-client.ts'
import { type DayHistory, withLater } from './heartbeat.ts'
import { ask } from './token.ts'

/** `none`: this node keeps no history. */
export type Day = { readonly type: 'asking' | 'none' } | { readonly type: 'known'; readonly day: DayHistory }

export const day = signal<Day>({ type: 'asking' })

const REFRESH_MS = 60_000
/** Minutes asked for again, beside those gone by: the last one was not over. */
const SPARE_MINUTES = 2

let askedAtMs = 0
let run = ''

/** Keeps it up to date while the feed lives. */
export function followDay(): void {
  setInterval(() => void refresh(), REFRESH_MS)
  effect(() => {
    const node = status.value?.node
    if (link.value.type !== 'live' || !node || run === node.id + node.startedAt) return
    run = node.id + node.startedAt
    askedAtMs = 0
    void refresh()
  })
}

async function refresh(): Promise<void> {
  if (link.peek().type !== 'live' || day.peek().type === 'none') return
  const held = day.peek()
  const before = askedAtMs > 0 && held.type === 'known' ? held.day : null
  const goneMinutes = Math.ceil((Date.now() - askedAtMs) / 60_000) + SPARE_MINUTES
  const asked = Date.now()
  const answer = await ask(before && goneMinutes < before.minutes ? `api/history?minutes=${goneMinutes}` : 'api/history')
  if (answer?.status === 404) day.value = { type: 'none' }
  if (!answer?.ok) return
  const later: DayHistory = await answer.json()
  askedAtMs = asked
  day.value = { type: 'known', day: before ? withLater(before, later) : later }
}
