// A file that lines are appended to, bounded in size, that never stops the node: while it can't be written the lines are left out
// and counted, and it is tried again.
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, rename } from 'node:fs/promises'
import type { StoreNote } from '../../ports.ts'
import { codeOf } from '../network/network-failure.ts'
import { errorText, IS_LINK } from './durable-file.ts'

export interface LogFile {
  /** One line, with its end. Never throws and never waits. */
  write(line: string): void
  /** Why it can't be written now; null when it can. */
  note(): StoreNote | null
  /** Settles once all lines are in the file, or can't be. */
  close(): Promise<void>
}

export interface LogFileOptions {
  /** A file of this size becomes `FILE.1`, that one `FILE.2`, and so on. Default: 8 MiB. */
  readonly maxBytes?: number
  /** How many old files are kept. Default: 3. */
  readonly kept?: number
  /** Told once when it can't be written, and not again before it could. */
  readonly onTrouble?: (note: StoreNote) => void
  /** From one try to the next. Default: 10 s. */
  readonly retryMs?: number
  /** Another program may move the file away: that is looked for when lines are written, at most this often. Default: 5 s. */
  readonly lookMs?: number
}

const MAX_WAITING_BYTES = 1024 * 1024

export function createLogFile(file: string, options: LogFileOptions = {}): LogFile {
  const { maxBytes = 8 * 1024 * 1024, kept = 3, onTrouble = () => {}, retryMs = 10_000, lookMs = 5_000 } = options
  let waiting: string[] = []
  let waitingBytes = 0
  let missing = 0
  let opened: Opened | null = null
  let trouble: StoreNote | null = null
  let writing: Promise<void> | null = null
  let retry: NodeJS.Timeout | null = null
  let isClosed = false

  const append = async (text: string): Promise<void> => {
    opened = await current(file, opened, lookMs)
    if (opened.isFile && opened.bytes > 0 && opened.bytes + Buffer.byteLength(text) > maxBytes) {
      await makeRoom(file, opened, kept)
      opened = await current(file, null, lookMs)
    }
    opened.bytes += await writeAll(opened.handle, text)
  }
  const failed = async (error: unknown, lines: number): Promise<void> => {
    await opened?.handle.close().catch(() => {})
    opened = null
    missing += lines
    retry ??= setTimeout(() => {
      retry = null
      start()
    }, retryMs).unref()
    if (trouble) return
    trouble = {
      text: `the log can't be written to ${file} (${TROUBLES[codeOf(error)] ?? errorText(error)})`,
      fix: 'Make room on the disk, or see to that file; it is tried again and again, and the node goes on without a log.',
    }
    onTrouble(trouble)
  }
  const work = async (): Promise<void> => {
    while (waiting.length > 0 || missing > 0) {
      const lines = waiting
      const before = missing
      waiting = []
      waitingBytes = 0
      try {
        await append([...(before > 0 ? [leftOut(before)] : []), ...lines].join(''))
        missing -= before
        trouble = null
      } catch (error) {
        return failed(error, lines.length)
      }
    }
  }
  const start = (): void => {
    writing ??= work().finally(() => {
      writing = null
      // A line that came between the last look and this.
      if (waiting.length > 0 && !trouble) start()
    })
  }
  return {
    write: (line) => {
      if (isClosed) return
      // In trouble, or behind a disk that hangs, a line more is a line lost.
      if (trouble || waitingBytes > MAX_WAITING_BYTES) missing++
      else {
        waiting.push(line)
        waitingBytes += line.length
      }
      if (!trouble) start()
    },
    note: () => trouble,
    close: async () => {
      isClosed = true
      if (retry) clearTimeout(retry)
      while (writing) await writing
      await opened?.handle.close().catch(() => {})
      opened = null
    },
  }
}

const TROUBLES: Readonly<Record<string, string>> = { ENXIO: 'it is a pipe that nobody reads', ELOOP: IS_LINK }

/** As pino's lines are. */
const leftOut = (lines: number): string => `${JSON.stringify({ level: 40, time: new Date().toISOString(), type: 'log.leftOut', lines })}\n`

interface Opened {
  readonly handle: FileHandle
  readonly isFile: boolean
  readonly ino: bigint
  bytes: number
  lookedAtMs: number
}

/** The file as it is, opened if need be. A pipe that nobody reads is an error and no wait. */
async function current(file: string, before: Opened | null, lookMs: number): Promise<Opened> {
  if (before && performance.now() - before.lookedAtMs < lookMs) return before
  if (before?.isFile) {
    before.lookedAtMs = performance.now()
    const there = await lstat(file, { bigint: true }).catch(() => null)
    if (there?.ino === before.ino) return before
    await before.handle.close().catch(() => {})
  } else if (before) return before
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK, O_NOFOLLOW } = constants
  const handle = await open(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOFOLLOW, 0o600)
  const found = await handle.stat({ bigint: true })
  // News names everybody's addresses; an older file may have been open to others.
  if (found.isFile() && (found.mode & 0o777n) !== 0o600n) await handle.chmod(0o600).catch(() => {})
  return { handle, isFile: found.isFile(), ino: found.ino, bytes: Number(found.size), lookedAtMs: performance.now() }
}

/** The full file becomes the first old one; where that is not possible it is emptied. */
async function makeRoom(file: string, { handle }: Opened, kept: number): Promise<void> {
  try {
    for (let i = kept - 1; i > 0; i--) await rename(`${file}.${i}`, `${file}.${i + 1}`).catch(ignoreMissing)
    if (kept > 0) await rename(file, `${file}.1`)
    else await handle.truncate(0)
  } catch {
    await handle.truncate(0)
  }
  await handle.close().catch(() => {})
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error
}

async function writeAll(handle: FileHandle, text: string): Promise<number> {
  const bytes = Buffer.from(text)
  let at = 0
  try {
    while (at < bytes.length) at += (await handle.write(bytes, at)).bytesWritten
  } catch (error) {
    // Half a line stays alone.
    if (at > 0 && bytes[at - 1] !== 0x0a) await handle.write('\n').catch(() => {})
    throw error
  }
  return bytes.length
}
