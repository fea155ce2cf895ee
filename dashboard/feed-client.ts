// The page's end of the live feed: connects, keeps the view up to date, and says how things stand when it can't.
import { computed, effect, signal } from '@preact/signals'
import { applyFeed, type FeedDelta, type FeedSnapshot, type FeedView, type NewsByKind } from '../src/feed/delta.ts'
import type { Entry } from '../src/feed/news.ts'
import { keepNewest } from '../src/feed/news-ring.ts'
import { returnText } from './return-text.ts'
import { ask, hasToken, openFeed, takeToken } from './token.ts'

export type FeedLink =
  | { readonly type: 'connecting' }
  | { readonly type: 'live' }
  /** It is a recording's view. */
  | { readonly type: 'recorded' }
  /** The connection stands, and nothing comes. */
  | { readonly type: 'silent'; readonly sinceMs: number }
  /** `stopped`: the node said goodbye. */
  | { readonly type: 'lost'; readonly sinceMs: number; readonly retryAtMs: number; readonly stopped: boolean }
  /** This tab has no key, or one that the node does not know: trying again would not help. */
  | { readonly type: 'locked' }

export const view = signal<FeedView | null>(null)
export const link = signal<FeedLink>({ type: 'connecting' })
/** Wall time in milliseconds, moving once a second: for ages and countdowns. */
export const nowMs = signal(Date.now())
/** Whether measurements stand among the news. */
export const showsMeasurements = signal(false)
/** What a person should know who looked away: the node was restarted, or was out of sight. */
export const notice = signal<{ readonly text: string; readonly atMs: number } | null>(null)

// Each part by itself: what shows one of them is not drawn again for the others.
export const status = computed(() => view.value?.status ?? null)
export const peers = computed(() => view.value?.peers ?? NO_PEERS)
export const states = computed(() => view.value?.states ?? {})
export const traffic = computed(() => view.value?.traffic ?? NO_TRAFFIC)
export const clients = computed(() => view.value?.clients ?? NO_CLIENTS)
export const carried = computed(() => view.value?.carried ?? null)
export const news = computed(() => view.value?.news ?? NO_ENTRIES)
export const measurements = computed(() => view.value?.measurements ?? NO_ENTRIES)

const NO_PEERS: FeedView['peers'] = new Map()
const NO_TRAFFIC: FeedView['traffic'] = new Map()
const NO_CLIENTS: FeedView['clients'] = new Map()
const NO_ENTRIES: readonly Entry[] = []

const MAX_NEWS = 1_000
/** The node says something every second; twice missed, it is stuck or out of reach. */
const SILENCE_MS = 2_300
/** A connection that is silent for so long is given up: it may only be a slow one until then. */
const GIVE_UP_MS = 12_000
const FIRST_RETRY_MS = 400
const MAX_RETRY_MS = 2_000
const NOTICE_MS = 5 * 60_000
const TICK_MS = 500

let socket: WebSocket | null = null
let failures = 0
let heardAtMs = 0
let connectedAtMs = 0
let tickedAtMs = Date.now()
let stopped = false
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
  setInterval(tick, TICK_MS)
  // Measurements are asked for when somebody wants to see them.
  effect(() => {
    if (showsMeasurements.value && link.value.type === 'live') void recall('measurements')
  })
  addEventListener('online', connectNow)
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && tick())
}

function tick(): void {
  const atMs = Date.now()
  // A tab that was asleep, with its machine or alone, does not wait for what may never come.
  const slept = atMs - tickedAtMs > 2 * SILENCE_MS
  tickedAtMs = atMs
  tellTime(atMs)
  if (notice.value && atMs - notice.value.atMs > NOTICE_MS) notice.value = null
  if (socket === null) return slept ? connectNow() : undefined
  const quietMs = atMs - Math.max(heardAtMs, connectedAtMs)
  if (quietMs < SILENCE_MS) return
  if (link.value.type === 'live') link.value = { type: 'silent', sinceMs: heardAtMs }
  if (quietMs > GIVE_UP_MS || (slept && view.value !== null)) drop()
}

/** Once a second, so that ages are not written anew with every message. */
function tellTime(atMs: number): void {
  if (Math.floor(atMs / 1_000) !== Math.floor(nowMs.value / 1_000)) nowMs.value = atMs
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
  connectedAtMs = Date.now()
  if (heardAtMs === 0) heardAtMs = connectedAtMs
  const patience = setTimeout(() => mine === socket && mine.readyState !== WebSocket.OPEN && drop(), GIVE_UP_MS)
  mine.onmessage = ({ data }) => mine === socket && hear(JSON.parse(String(data)))
  mine.onclose = ({ code }) => {
    clearTimeout(patience)
    if (mine !== socket) return
    stopped = code === GOING_AWAY
    drop()
  }
}

/** What a node that stops closes its feed with. */
const GOING_AWAY = 1_001

function hear(message: FeedSnapshot | FeedDelta): void {
  const silentMs = Date.now() - heardAtMs
  heardAtMs = Date.now()
  tellTime(heardAtMs)
  if (message.t === 's') return begin(message, silentMs)
  const next = applyFeed(view.value, message, MAX_NEWS)
  if (next === null) return drop()
  view.value = next
  if (link.value.type === 'silent') link.value = { type: 'live' }
}

function begin(message: FeedSnapshot, silentMs: number): void {
  const before = view.value?.status.node ?? null
  const node = message.status.node
  const told = before === null ? null : returnText(before, node, silentMs, failures > 0)
  if (told !== null) notice.value = { text: told, atMs: heardAtMs }
  // Another run numbers its entries anew.
  const isSameRun = before?.id === node.id && before.startedAt === node.startedAt
  view.value = applyFeed(isSameRun ? view.value : null, message, MAX_NEWS)
  failures = 0
  stopped = false
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
  const waitMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1)) * (0.75 + Math.random() / 2)
  link.value = { type: 'lost', sinceMs: heardAtMs, retryAtMs: Date.now() + waitMs, stopped }
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
