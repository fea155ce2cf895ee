// A recording: the feed as a file. A first line that says what it is, then one JSON line for each message of the feed with its time;
// now and then one of them is whole, so that a reader can begin there.
import type { FeedDelta, FeedSnapshot } from './delta.ts'

export const RECORDING_HEAD = '{"moonwalk":"recording","version":1}'

/** `message`: a message of the feed as text. `wallMs`: when it was made. */
export const recordedLine = (wallMs: number, message: string): string => `{"atMs":${wallMs},"m":${message}}\n`

export interface Frame {
  readonly atMs: number
  /** It needs none before it. */
  readonly isWhole: boolean
  /** The line, not read yet: a long recording is read where somebody looks. */
  readonly line: string
}

/**
 * In the order of the file. A last line that was cut off, and whatever else is no
 * frame, is left out; those before the first whole one too.
 */
export function framesOf(text: string): readonly Frame[] {
  const frames = text.split('\n').flatMap((line): readonly Frame[] => {
    const [, atMs, kind] = /^\{"atMs":(\d+),"m":\{"t":"([sd])".*\}\}$/.exec(line) ?? []
    return atMs === undefined ? [] : [{ atMs: Number(atMs), isWhole: kind === 's', line }]
  })
  const first = frames.findIndex(({ isWhole }) => isWhole)
  return first < 0 ? [] : frames.slice(first)
}

export function messageOf({ line }: Frame): FeedSnapshot | FeedDelta {
  const { m }: { readonly m: FeedSnapshot | FeedDelta } = JSON.parse(line)
  return m
}

/** Which frames lead to a moment: from the last whole one before it, up to the last before it. Before the first, the first. */
export function framesAt(frames: readonly Frame[], atMs: number): { readonly first: number; readonly end: number } {
  const after = frames.findIndex((frame) => frame.atMs > atMs)
  const end = Math.max(Math.min(1, frames.length), after < 0 ? frames.length : after)
  const whole = frames.slice(0, end).findLastIndex(({ isWhole }) => isWhole)
  return { first: Math.max(0, whole), end }
}
