// The page's end of the live feed: connects, keeps the view up to date, and says how things stand when it can't.
import { effect, signal } from '@preact/signals'
import { applyFeed, type FeedDelta, type FeedSnapshot, type FeedView, type NewsByKind } from '../src/feed/delta.ts'
import type { Entry } from '../src/feed/news.ts'
import { keepNewest } from '../src/feed/news-ring.ts'
import { ask, hasToken, openFeed, takeToken } from './token.ts'

export type FeedLink =
  | { readonly type: 'connecting' }
  | { readonly type: 'live' }
  | { readonly type: 'lost'; readonly sinceMs: number; readonly retryAtMs: number }
  /** This tab has no key, or one that the node does not know: trying again would not help. */
  | { readonly type: 'locked' }

export const view = signal<FeedView | null>(null)
export const link = signal<FeedLink>({ type: 'connecting' })
/** Wall time in milliseconds, moving once a second: for ages and countdowns. */
export const nowMs = signal(Date.now())
/** Whether measurements stand among the news. */
export const showsMeasurements = signal(false)

const MAX_NEWS = 300
/** The node says something every five seconds; twice missed and more, and it is stuck or gone. */
const SILENCE_MS = 13_000
const FIRST_RETRY_MS = 400
const MAX_RETRY_MS = 8_000

let socket: WebSocket | null = null
let failures = 0
let lostSinceMs: number | null = null
let heardAtMs = 0
let retry: ReturnType<typeof setTimeout> | undefined

export function startFeed(): void {
  takeToken()
  connectOrSayLocked()
  // A link opened where the page is already changes its address and loads nothing.
  addEventListener('hashchange', () => {
    if (!takeToken()) return
    clearTimeout(retry)
    const old = socket
    socket = null
    old?.close()
    failures = 0
    link.value = { type: 'connecting' }
    connectOrSayLocked()
  })
  setInterval(() => {
    nowMs.value = Date.now()
    if (socket?.readyState === WebSocket.OPEN && Date.now() - heardAtMs > SILENCE_MS) drop()
  }, 1_000)
  // Measurements are asked for when somebody wants to see them.
  effect(() => {
    if (showsMeasurements.value && link.value.type === 'live') void recall('measurements')
  })
  addEventListener('online', connectNow)
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && connectNow())
}

/** Tries at once rather than when its time comes. */
export function connectNow(): void {
  if (socket === null && link.value.type !== 'locked') connect()
}

function connectOrSayLocked(): void {
  if (hasToken()) connect()
  else link.value = { type: 'locked' }
}

function connect(): void {
  clearTimeout(retry)
  const mine = openFeed()
  socket = mine
  heardAtMs = Date.now()
  mine.onmessage = ({ data }) => mine === socket && hear(JSON.parse(String(data)))
  mine.onclose = () => mine === socket && drop()
}

function hear(message: FeedSnapshot | FeedDelta): void {
  heardAtMs = Date.now()
  nowMs.value = heardAtMs
  const next = applyFeed(view.value, message, MAX_NEWS)
  if (next === null) return drop()
  view.value = next
  if (message.t !== 's') return
  failures = 0
  lostSinceMs = null
  link.value = { type: 'live' }
  void recall('news')
}

/** The feed begins with few entries; the node remembers more. */
async function recall(kind: keyof NewsByKind): Promise<void> {
  const answer = await ask(`api/${kind}`)
  if (!answer?.ok || !view.value) return
  const body: Readonly<Record<keyof NewsByKind, readonly Entry[]>> = await answer.json()
  const held = view.value
  const known = new Set(held[kind].map(({ seq }) => seq))
  view.value = { ...held, [kind]: keepNewest(bySeq([...body[kind].filter(({ seq }) => !known.has(seq)), ...held[kind]]), MAX_NEWS) }
}

export const bySeq = (entries: readonly Entry[]): readonly Entry[] => entries.toSorted((a, b) => a.seq - b.seq)

function drop(): void {
  const old = socket
  socket = null
  old?.close()
  failures += 1
  lostSinceMs ??= Date.now()
  const waitMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1)) * (0.75 + Math.random() / 2)
  link.value = { type: 'lost', sinceMs: lostSinceMs, retryAtMs: Date.now() + waitMs }
  retry = setTimeout(connect, waitMs)
  // A refused upgrade looks like a dead node from here; a plain request tells them apart.
  if (failures === 2) void askWhetherLocked()
}

async function askWhetherLocked(): Promise<void> {
  const answer = await ask('api/states')
  if (answer?.status !== 401) return
  clearTimeout(retry)
  link.value = { type: 'locked' }
}
