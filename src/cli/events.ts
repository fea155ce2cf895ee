// The live feed in the terminal.
import { WebSocket } from 'ws'
import { tamed } from '../domain/tame.ts'
import type { Entry } from '../feed/news.ts'
import { complain } from './complaint.ts'
import { type ClientFlags, findControl, unreachableText } from './control-client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { newsLine } from './news-line.ts'

const BETWEEN_TABLES_MS = 300

/** Every entry as it comes, until the node ends, the reader goes or Ctrl-C. */
export function events(flags: ClientFlags, env: NodeJS.ProcessEnv): Promise<ExitCode> {
  return follow(flags, env, (entry) => {
    const line = flags.json ? JSON.stringify({ schemaVersion: 1, ...entry }) : newsLine(entry)
    if (line !== null) process.stdout.write(`${line}\n`)
  })
}

/** Shows the table at once and again with the news, a few times a second at most. */
export async function watchPeers(flags: ClientFlags, env: NodeJS.ProcessEnv, show: () => Promise<ExitCode>): Promise<ExitCode> {
  const clear = (): void => {
    if (process.stdout.isTTY && !flags.json) process.stdout.write('\x1b[H\x1b[J')
  }
  clear()
  const first = await show()
  if (first !== EXIT.fine) return first
  let due: NodeJS.Timeout | null = null
  const again = (): void => {
    due ??= setTimeout(() => {
      due = null
      clear()
      void show()
    }, BETWEEN_TABLES_MS)
  }
  const code = await follow(flags, env, again)
  if (due !== null) clearTimeout(due)
  return code
}

function follow(flags: ClientFlags, env: NodeJS.ProcessEnv, tell: (entry: Entry) => void): Promise<ExitCode> {
  const control = findControl(flags, env)
  if (typeof control === 'string') {
    return Promise.resolve(complain(control, EXIT.notRunning, flags.json))
  }
  const socket = new WebSocket(`${control.url.replace(/^http/, 'ws')}/feed?format=entries`, {
    headers: { authorization: `Bearer ${control.token}` },
    handshakeTimeout: 3_000,
    maxPayload: 1024 * 1024,
  })
  return new Promise((resolve) => {
    let opened = false
    socket.on('open', () => {
      opened = true
    })
    socket.on('message', (data) => tell(tamed(JSON.parse(String(data)) as Entry)))
    socket.on('error', (error) => {
      if (!opened) complain(unreachableText(control, error.message), EXIT.notRunning, flags.json)
    })
    socket.on('close', () => resolve(opened ? EXIT.fine : EXIT.notRunning))
    // Nothing is owed to the node: its end of the connection is not waited for.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => socket.terminate())
  })
}
