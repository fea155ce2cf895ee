// A recording in place of a node: the view of the page at any moment of it.
import { signal } from '@preact/signals'
import { applyFeed, type FeedView } from '../src/feed/delta.ts'
import { type Frame, framesAt, framesOf, messageOf } from '../src/feed/recording.ts'
import { day } from './day.ts'
import { link, nowMs, view } from './feed-client.ts'
import { ask } from './token.ts'

export interface Replay {
  readonly frames: readonly Frame[]
  /** The moment that is shown. */
  readonly atMs: number
  /** How much faster than it was; 0: it stands. */
  readonly speed: number
}

export const replay = signal<Replay | null>(null)

const MAX_NEWS = 1_000
const STEP_MS = 250

/** What the view was made of: going on from there needs the frames since alone. */
let shown: { readonly end: number; readonly view: FeedView } | null = null

export async function startReplay(): Promise<void> {
  const answer = await ask('api/recording')
  if (!answer?.ok) {
    link.value = answer?.status === 401 ? { type: 'locked' } : { type: 'lost', sinceMs: Date.now(), retryAtMs: Date.now(), stopped: false }
    return
  }
  const frames = framesOf(await answer.text())
  day.value = { type: 'none' }
  link.value = { type: 'recorded' }
  replay.value = { frames, atMs: 0, speed: 0 }
  showAt(frames.at(0)?.atMs ?? 0)
  setInterval(() => {
    const held = replay.value
    if (!held || held.speed === 0) return
    const atMs = held.atMs + STEP_MS * held.speed
    const lastMs = frames.at(-1)?.atMs ?? 0
    showAt(Math.min(atMs, lastMs))
    if (atMs >= lastMs) play(0)
  }, STEP_MS)
}

export function play(speed: number): void {
  if (replay.value) replay.value = { ...replay.value, speed }
}

export function showAt(atMs: number): void {
  const held = replay.value
  if (!held) return
  const { first, end } = framesAt(held.frames, atMs)
  const goesOn = shown !== null && shown.end >= first && shown.end <= end
  const from = goesOn && shown ? shown.end : first
  let made: FeedView | null = goesOn && shown ? shown.view : null
  for (const frame of held.frames.slice(from, end)) made = applyFeed(made, messageOf(frame), MAX_NEWS) ?? made
  shown = made && { end, view: made }
  nowMs.value = atMs
  view.value = made
  replay.value = { ...held, atMs }
}
