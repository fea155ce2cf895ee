// `moonwalk history`: the last day of the node, a bar for each service and peer, and what happened.
import type { HistoryAnswer } from '../answers.ts'
import { readDuration } from '../domain/duration.ts'
import { sumOf, sumsOfParts } from '../domain/history.ts'
import { tame } from '../domain/tame.ts'
import { bytesText } from '../feed/byte-text.ts'
import { bytesBothWays, dayTrafficText } from '../feed/day-traffic.ts'
import { complain } from './complaint.ts'
import { type ClientFlags, call } from './control-client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { widthOf } from './terminal.ts'
import { padded, textWidth, within } from './text-width.ts'

const DAY_MS = 86_400_000
/** Where lines have no end, as in a pipe. */
const USUAL_WIDTH = 80
const NAME_CHARS = 20
const MOST_EVENTS = 30

export async function history(flags: ClientFlags & { readonly since?: string }, env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const sinceMs = readDuration(flags.since ?? '24h')
  if (sinceMs === null || sinceMs < 60_000 || sinceMs > DAY_MS)
    return complain(`--since: "${flags.since}" is no time from 1m to 24h, such as 90m`, EXIT.usage, flags.json)
  const answer = await call<HistoryAnswer>(flags, env, `/api/history?minutes=${Math.ceil(sinceMs / 60_000)}`)
  if (answer.type === 'failed') return complain(answer.text, answer.code, flags.json)
  const width = widthOf(env)
  process.stdout.write(
    `${flags.json ? JSON.stringify(answer.body) : historyLines(answer.body, Number.isFinite(width) ? width : USUAL_WIDTH)}\n`,
  )
  return EXIT.fine
}

const BAR: Readonly<Record<string, string>> = { u: '█', d: '▄', a: '_', '.': ' ' }
const WORST = ['a', 'd', 'u', '.'] as const

export function historyLines({ from, minutes, series, events }: HistoryAnswer, width: number): string {
  const wide = Math.max(0, ...series.map(({ name }) => textWidth(within(tame(name), NAME_CHARS))))
  const room = Math.max(10, width - wide - 12)
  const labelOf = (name: string): string => within(tame(name), NAME_CHARS)
  const row = (label: string, figure: string, drawn: string): string => `${padded(label, wide)}  ${figure.padStart(7)} ${drawn}`.trimEnd()
  const rows = series.flatMap(({ name, states, upPct, traffic }) => {
    const line = row(labelOf(name), upPct === null ? '–' : `${upPct} %`, bar(states, room))
    if (traffic === null) return [line]
    const bytes = bytesBothWays(traffic)
    return [line, row('', bytesText(sumOf(bytes)), hills(bytes, room))]
  })
  const passed = series.flatMap(({ name, traffic }) => (traffic === null ? [] : [`${labelOf(name)}: ${dayTrafficText(traffic)}`]))
  const span = `${from.slice(0, 16).replace('T', ' ')} UTC, ${minutes >= 120 ? `${Math.round(minutes / 60)} h` : `${minutes} min`} to now; █ up ▄ partly _ away`
  const told = events.slice(-MOST_EVENTS).map(({ at, text }) => `${at.slice(11, 19)}  ${tame(text)}`)
  const older = events.length - told.length
  return [
    span,
    ...rows,
    ...(passed.length === 0 ? [] : ['', ...passed]),
    ...(told.length === 0 ? [] : ['', ...(older > 0 ? [`(${older} earlier events: --json)`] : []), ...told]),
  ].join('\n')
}

/** So many characters, each the worst of its minutes. */
function bar(states: string, room: number): string {
  const cells = Math.min(room, states.length)
  return Array.from({ length: cells }, (_, i) => {
    const part = states.slice(Math.floor((i * states.length) / cells), Math.floor(((i + 1) * states.length) / cells))
    return BAR[WORST.find((letter) => part.includes(letter)) ?? '.']
  })
    .join('')
    .trimEnd()
}

const HEIGHTS = ' ▁▂▃▄▅▆▇█'

/** So many characters, each as high as what passed in its minutes. What is little beside the most is seen as well. */
function hills(bytes: readonly (number | null)[], room: number): string {
  const sums = sumsOfParts(bytes, Math.min(room, bytes.length))
  const most = Math.max(1, ...sums.map((sum) => sum ?? 0))
  return sums.map((sum) => HEIGHTS[Math.ceil(((sum ?? 0) / most) * (HEIGHTS.length - 1))]).join('')
}
