// What a node says on stdout and stderr. A terminal that is held (Ctrl-S), a reader that reads no more and a file on a full disk
// never stop it: lines wait up to a bound, and what comes beyond is left out and counted.
import { constants, fstatSync, openSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { platform } from 'node:process'

export interface Output {
  /** One line, without its end. */
  say(line: string): void
  /** Settles once everything has been handed over, but after this at the latest. */
  flush(withinMs: number): Promise<void>
}

/** Takes what it can of the bytes at once and answers how many; null when nobody will ever read them. */
export type Put = (bytes: Buffer) => number | null

const MAX_WAITING_BYTES = 1024 * 1024
const RETRY_MS = 100

/** `leftOut`: the line that says how many lines were left out. */
export function createOutput(put: Put, leftOut: (lines: number) => string): Output {
  const waiting: Buffer[] = []
  let waitingBytes = 0
  let missing = 0
  let isGone = false
  let isDue = false
  const emptied = new Set<() => void>()
  const add = (line: string): void => {
    const bytes = Buffer.from(`${line}\n`)
    waiting.push(bytes)
    waitingBytes += bytes.length
  }
  const handOver = (): void => {
    for (let next = waiting[0]; next && !isGone; next = waiting[0]) {
      const taken = put(next)
      isGone = taken === null
      waitingBytes -= taken ?? 0
      if (taken !== next.length) {
        waiting[0] = next.subarray(taken ?? 0)
        break
      }
      waiting.shift()
      if (waiting.length > 0 || missing === 0) continue
      add(leftOut(missing))
      missing = 0
    }
    if (isGone || waiting.length === 0) {
      waiting.length = 0
      for (const tell of emptied) tell()
    } else if (!isDue) {
      isDue = true
      setTimeout(() => {
        isDue = false
        handOver()
      }, RETRY_MS).unref()
    }
  }
  return {
    say: (line) => {
      if (isGone) return
      // Until what waits is read, nothing is put behind it: the count of what is missing comes where it is missing.
      if (missing > 0 || (waitingBytes > 0 && waitingBytes + line.length > MAX_WAITING_BYTES)) missing++
      else add(line)
      handOver()
    },
    flush: (withinMs) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          emptied.delete(done)
          resolve()
        }
        const timer = setTimeout(done, withinMs)
        emptied.add(done)
        handOver()
      }),
  }
}

/** How to put bytes into this process's stdout or stderr without waiting. */
export function putInto(stream: NodeJS.WriteStream & { readonly fd: number }): Put {
  const { fd } = stream
  if (stream.isTTY && platform === 'linux') {
    const own = openAgain(fd)
    if (own !== null) return (bytes) => written(own, bytes)
  }
  // Node writes to files at once and to pipes and sockets in its own time.
  return stream instanceof Socket ? (bytes) => queued(stream, bytes) : (bytes) => written(fd, bytes)
}

/**
 * Node writes to a terminal blocking, and whether to wait belongs to the open file, which the shell shares. So the terminal is
 * opened once more. Null where that is not allowed, as when it is another user's.
 */
function openAgain(fd: number): number | null {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    return null
  }
}

/** The other end is not there any more, or never was. */
const GONE = new Set(['EPIPE', 'EIO', 'EBADF', 'ENXIO', 'ECONNRESET'])

function written(fd: number, bytes: Buffer): number | null {
  try {
    return writeSync(fd, bytes)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    // A file on a disk that reports errors may be well later; a terminal that does is gone.
    return GONE.has(code) && !(code === 'EIO' && isFile(fd)) ? null : 0
  }
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile()
  } catch {
    return false
  }
}

const MAX_QUEUED_BYTES = 64 * 1024

function queued(stream: NodeJS.WriteStream, bytes: Buffer): number | null {
  if (stream.destroyed) return null
  if (stream.writableLength > MAX_QUEUED_BYTES) return 0
  stream.write(bytes)
  return bytes.length
}
