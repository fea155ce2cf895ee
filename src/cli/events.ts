// The news in the terminal: the last ones, and then each as it comes.
import { WebSocket } from 'ws'
import { readSince } from '../domain/duration.ts'
import { noNewsType } from '../domain/news-types.ts'
import { tamed } from '../domain/tame.ts'
import type { Entry } from '../feed/news.ts'
import { isToldOutside } from '../feed/told-outside.ts'
import { complain } from './complaint.ts'
import { type ClientFlags, call, findControl, unreachableText } from './control-client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { newsLine } from './news-line.ts'
import { onReaderGone } from './reader-gone.ts'

export interface EventFlags extends ClientFlags {
  readonly since?: string
  readonly type?: string
}

/** Shown of what was before, where no time is named. */
const LAST_LINES = 10
const BETWEEN_TABLES_MS = 300

/** Until the node ends, the reader goes or Ctrl-C. What was before and what comes overlap, and are told once. */
export async function events(flags: EventFlags, env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const sinceMs = flags.since === undefined ? Number.NEGATIVE_INFINITY : readSince(flags.since, Date.now())
  if (sinceMs === null) return complain(`--since: "${flags.since}" is no time, such as 90m, 2h or 2026-01-02T03:04`, EXIT.usage, flags.json)
  const types = flags.type?.split(',').map((type) => type.trim())
  const strange = types?.map(noNewsType).find((why) => why !== null)
  if (strange) return complain(`--type: ${strange}`, EXIT.usage, flags.json)
  const isAsked = (entry: Entry): boolean => types === undefined || isToldOutside(entry, types)
  const lineOf = (entry: Entry): string | null =>
    flags.json ? JSON.stringify({ schemaVersion: 1, ...entry }) : newsLine(entry, types !== undefined)
  let lastSeq = 0
  const tell = (entry: Entry): void => {
    if (entry.seq <= lastSeq || !isAsked(entry)) return
    lastSeq = entry.seq
    const line = lineOf(entry)
    if (line !== null) process.stdout.write(`${line}\n`)
  }
  const early: Entry[] = []
  let told = (entry: Entry): void => void early.push(entry)
  const following = follow(flags, env, (entry) => told(entry))
  const before = await call<{ readonly news: readonly Entry[] }>(flags, env, '/api/news')
  const past = before.type === 'answer' ? tamed(before.body.news) : []
  const shown = past.filter((entry) => isAsked(entry) && Date.parse(entry.at) >= sinceMs && lineOf(entry) !== null)
  for (const entry of flags.since === undefined ? shown.slice(-LAST_LINES) : shown) tell(entry)
  for (const entry of early) tell(entry)
  told = tell
  return following
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
  process.stdout.on('resize', again)
  const code = await follow(flags, env, again)
  process.stdout.removeListener('resize', again)
  if (due !== null) clearTimeout(due)
  return code
}

function follow(flags: ClientFlags, env: NodeJS.ProcessEnv, tell: (entry: Entry) => void): Promise<ExitCode> {
  const control = findControl(flags, env)
  if (typeof control === 'string') return Promise.resolve(complain(control, EXIT.notRunning, flags.json))
  const socket = new WebSocket(`${control.url.replace(/^http/, 'ws')}/feed?format=entries`, {
    headers: { authorization: `Bearer ${control.token}` },
    handshakeTimeout: 3_000,
    maxPayload: 1024 * 1024,
  })
  return new Promise((resolve) => {
    let opened = false
    // Nothing is owed to the node: its end of the connection is not waited for.
    const stopLooking = onReaderGone(() => socket.terminate())
    socket.on('open', () => {
      opened = true
    })
    socket.on('message', (data) => tell(tamed(JSON.parse(String(data)) as Entry)))
    socket.on('error', (error) => {
      if (!opened) complain(unreachableText(control, error.message), EXIT.notRunning, flags.json)
    })
    socket.on('close', () => {
      stopLooking()
      resolve(opened ? EXIT.fine : EXIT.notRunning)
    })
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => socket.terminate())
  })
}
