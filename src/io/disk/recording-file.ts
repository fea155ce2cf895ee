// `up --record FILE`: the feed of a node, written down, for its owner alone. It is bounded: a full file becomes FILE.1, in place of the
// one before, and the next begins with everything.
import { closeSync, constants, createWriteStream, lstatSync, openSync, readSync, renameSync, type WriteStream } from 'node:fs'
import type { MoonwalkNode } from '../../answers.ts'
import {
  appendNews,
  changed,
  deltaText,
  isClean,
  NO_NEWS,
  type Rendered,
  renderFigures,
  renderNode,
  snapshotText,
} from '../../feed/delta.ts'
import { figuresOf, withoutFigures } from '../../feed/figures.ts'
import { isMeasurement } from '../../feed/news-kinds.ts'
import { RECORDING_HEAD, recordedLine } from '../../feed/recording.ts'
import type { Clock } from '../../ports.ts'
import { errorText } from './durable-file.ts'
import { openFresh } from './private-file.ts'

/** From one look at the node to the next. */
const LOOK_MS = 1_000
/** Looking may take this share of the time, however large the table. */
const MAX_SHARE = 0.1
/** From one whole line to the next: so much has to be read to show a moment. */
const WHOLE_MS = 60_000
/** Both files together. */
const MOST_BYTES = 64 * 1024 * 1024
const MAX_NEWS = 200

export interface RecordingNeeds {
  readonly node: Pick<MoonwalkNode, 'status' | 'peers' | 'activeStates' | 'onNews' | 'recentNews'>
  readonly clock: Clock
  readonly file: string
  readonly mostBytes?: number
  /** Hears once that it can't be written; the recording then ends. */
  readonly onTrouble: (text: string) => void
}

/** Settles once what was recorded is written. */
export type StopRecording = () => Promise<void>

/** A file that is there already is set aside if it is a recording, and left alone if not. */
export function startRecording(needs: RecordingNeeds): StopRecording | { readonly type: 'refused'; readonly text: string } {
  const { node, clock, file, mostBytes = MOST_BYTES, onTrouble } = needs
  let stream: WriteStream
  try {
    if (lstatSync(file, { throwIfNoEntry: false }) !== undefined && !isRecording(file))
      return { type: 'refused', text: `${file} is there already, and is no recording; name another file with --record` }
    stream = begin()
  } catch (error) {
    return { type: 'refused', text: `can't record to ${file}: ${errorText(error)}` }
  }
  let bytes = 0
  let ended = false
  let seq = 0
  let held: Rendered | null = null
  let wholeAtMs = Number.NEGATIVE_INFINITY
  let fresh = NO_NEWS
  const stopNews = node.onNews((entry) => {
    fresh = appendNews(fresh, isMeasurement(entry) ? { news: [], measurements: [entry] } : { news: [entry], measurements: [] }, MAX_NEWS)
  })
  let timer = clock.setTimeout(look, 0)

  function begin(): WriteStream {
    if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) renameSync(file, `${file}.1`)
    const opened = createWriteStream(file, { fd: openFresh(file) })
    opened.on('error', (error) => fail(errorText(error)))
    opened.write(`${RECORDING_HEAD}\n`)
    return opened
  }

  function fail(why: string): void {
    if (ended) return
    end()
    onTrouble(`the recording ${file} ends: ${why}`)
  }

  function end(): void {
    ended = true
    stopNews()
    clock.clearTimeout(timer)
  }

  function look(): void {
    const startedAt = clock.now()
    record()
    const tookMs = clock.now() - startedAt
    if (!ended) timer = clock.setTimeout(look, Math.max(LOOK_MS, tookMs / MAX_SHARE))
  }

  function record(): void {
    const status = node.status()
    const after = renderNode(withoutFigures(status), node.peers('all').peers, node.activeStates(), renderFigures(figuresOf(status)))
    const [before, told] = [held, fresh]
    held = after
    fresh = NO_NEWS
    if (bytes > mostBytes / 2) turnOver()
    if (before === null || clock.now() - wholeAtMs >= WHOLE_MS) {
      wholeAtMs = clock.now()
      return write(snapshotText(seq, after, node.recentNews(MAX_NEWS)))
    }
    const dirty = changed(before, after)
    if (isClean(dirty) && told === NO_NEWS) return
    write(deltaText(seq, seq + 1, after, dirty, told))
    seq += 1
  }

  function turnOver(): void {
    try {
      stream.end()
      stream = begin()
      bytes = 0
      wholeAtMs = Number.NEGATIVE_INFINITY
    } catch (error) {
      fail(errorText(error))
    }
  }

  function write(message: string): void {
    if (ended) return
    const line = recordedLine(clock.wallMs(), message)
    bytes += Buffer.byteLength(line)
    stream.write(line)
  }

  return () => {
    if (!ended) record()
    end()
    return new Promise((settle) => (stream.destroyed ? settle() : stream.end(settle)))
  }
}

function isRecording(file: string): boolean {
  if (!lstatSync(file).isFile()) return false
  const opened = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const head = Buffer.alloc(RECORDING_HEAD.length)
    return readSync(opened, head) === head.length && head.toString() === RECORDING_HEAD
  } finally {
    closeSync(opened)
  }
}
