// A person's command, run once for each of the news, with the entry on its standard input.
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { Deliver } from './outside-queue.ts'

export interface CommandLimits {
  /** It is ended then, with all that it started. Default: 30 s. */
  readonly timeoutMs?: number
}

const MAX_SAID = 200

/** Its types know nothing of it, but where no descriptors are left there are no pipes; `error` comes then. */
type Started = ChildProcess & { readonly stdin: Writable | null | undefined; readonly stderr: Readable | null | undefined }

/** `command` as a shell has it. Done is exit code 0. What it prints goes nowhere; the end of its complaint is in the reason. */
export const eventCommand =
  (command: string, { timeoutMs = 30_000 }: CommandLimits = {}): Deliver =>
  (text, signal) =>
    new Promise((resolve) => {
      // A group of its own, so that what it started ends with it.
      const child: Started = spawn('/bin/sh', ['-c', command], { stdio: ['pipe', 'ignore', 'pipe'], detached: true })
      let said = ''
      let isOver = false
      const settle = (why: string | null): void => {
        if (isOver) return
        isOver = true
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        // What left the group may hold its ends open for as long as it lives, and this process with them.
        child.stderr?.destroy()
        child.stdin?.destroy()
        child.unref()
        resolve(why)
      }
      const end = (): void => {
        if (child.pid !== undefined) endGroup(child.pid)
        settle(signal.aborted ? 'the node ends' : `it ran for longer than ${timeoutMs / 1_000} s`)
      }
      const timer = setTimeout(end, timeoutMs)
      signal.addEventListener('abort', end, { once: true })
      child.once('error', (error) => settle(error.message))
      child.once('close', (code) =>
        settle(code === 0 ? null : `it ended with ${code ?? 'a signal'}${said === '' ? '' : ` (${said.trim()})`}`),
      )
      child.stderr?.on('data', (piece: Buffer) => {
        said = (said + piece.toString('utf8')).slice(-MAX_SAID)
      })
      child.stdin?.on('error', () => undefined) // it does not want to read
      child.stdin?.end(`${text}\n`)
    })

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}
