// Every server: of a long table the feed tells of the nearest, and the others are asked for in pages now and then.
import { computed, effect, signal } from '@preact/signals'
import type { PeerAnswerRow, PeersAnswer } from '../src/answers.ts'
import { peerKey } from '../src/feed/delta.ts'
import { link, peers, status } from './feed-client.ts'
import { ask } from './token.ts'

/** As many as the node gives at once. */
const PAGE_ROWS = 1_000
/** Those further down a longer table are not shown. */
const MOST_PAGES = 10
const REFRESH_MS = 30_000

const asked = signal<ReadonlyMap<string, PeerAnswerRow>>(new Map())

/** By `peerKey`. What the feed tells is newer than what was asked for. */
export const allPeers = computed(() => (isLong.value ? new Map([...asked.value, ...peers.value]) : peers.value))

/** Of the whole table, also where it is longer than what is here. */
export const counts = computed(() => {
  const told = status.value?.table
  if (told) return told
  const rows = [...peers.value.values()]
  const offline = rows.filter(({ state }) => state === 'offline').length
  return { here: rows.length - offline, alive: rows.filter(({ state }) => state === 'alive').length, offline }
})

const isLong = computed(() => status.value?.table !== undefined)

export function followLongTable(): void {
  let isAsking = false
  const refresh = async () => {
    if (isAsking || !isLong.peek() || link.peek().type !== 'live' || document.visibilityState !== 'visible') return
    isAsking = true
    const rows = await askAll()
    if (rows) asked.value = rows
    isAsking = false
  }
  setInterval(() => void refresh(), REFRESH_MS)
  effect(() => {
    if (isLong.value && link.value.type === 'live') void refresh()
  })
}

/** Null: there was no answer. In the order of ids, which no measurement changes between two pages. */
async function askAll(): Promise<ReadonlyMap<string, PeerAnswerRow> | null> {
  const rows = new Map<string, PeerAnswerRow>()
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await ask(`api/peers/all?sort=id&limit=${PAGE_ROWS}&offset=${page * PAGE_ROWS}`)
    if (!answer?.ok) return null
    const body: PeersAnswer = await answer.json()
    for (const row of body.peers) rows.set(peerKey(row), row)
    if (body.peers.length < PAGE_ROWS) break
  }
  return rows
}
