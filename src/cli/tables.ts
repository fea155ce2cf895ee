// Answers as text for people: aligned columns, nothing that a pipe would garble.
import type { PeerAnswerRow, PeersAnswer } from '../answers.ts'
import { tame } from '../domain/tame.ts'
import { type Column, fittedTable } from './fitted-table.ts'
import { ENDLESS, type Paper } from './terminal.ts'
import { padded, textWidth } from './text-width.ts'

/** Rows as columns, padded to the widest cell. What strangers wrote in them is tamed. */
export function columns(wild: readonly (readonly string[])[]): string {
  const rows = wild.map((row) => row.map((cell) => tame(cell)))
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => textWidth(row[i] ?? ''))))
  return rows.map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : padded(cell, widths[i] ?? 0))).join('  ')).join('\n')
}

/** As a record's name may be; a P2PRC row's may be longer. */
const MAX_NAME_CHARS = 64
const STATE_COLOURS = { alive: 'green', suspect: 'yellow', unknown: null, offline: 'dim' } as const

/** Rows stand in the order they are given. Those that the height has no room for are counted. */
export function peersText({ peers }: PeersAnswer, nowMs: number, { width, height, isColoured }: Paper = ENDLESS): string {
  if (peers.length === 0) return 'nobody yet'
  const names = new Map(peers.map(({ id, name }) => [id, name]))
  const columns: readonly Column<PeerAnswerRow>[] = [
    { head: 'NAME', rank: 0, fair: 14, least: 8, cell: ({ self, name }) => tame(self ? `${name} *` : name, MAX_NAME_CHARS) },
    { head: 'ADDRESS', rank: 0, least: 14, cell: ({ address }) => address },
    { head: 'STATE', rank: 0, cell: ({ state }) => state, colour: ({ state }) => STATE_COLOURS[state] },
    { head: 'RTT ms', rank: 0, cell: rttText },
    { head: 'LOSS', rank: 4, cell: ({ lossPct }) => (lossPct === null ? '–' : `${lossPct} %`) },
    { head: '↓ Mbit/s', rank: 5, cell: ({ downMbps }) => downMbps?.toFixed(1) ?? '–' },
    { head: '↑ Mbit/s', rank: 5, cell: ({ upMbps }) => upMbps?.toFixed(1) ?? '–' },
    { head: 'TESTED', rank: 6, cell: ({ downMbps, speedAt }) => ageText(downMbps === null ? null : speedAt, nowMs) },
    { head: 'ROLE', rank: 2, cell: ({ via, turn }) => (via !== null ? 'behind NAT' : turn ? 'TURN' : 'server') },
    { head: 'VIA', rank: 1, cell: ({ via }) => (via === null ? '–' : tame(names.get(via) ?? via.slice(0, 8), MAX_NAME_CHARS)) },
    { head: 'PROVEN', rank: 3, cell: ({ lastProof }) => ageText(lastProof, nowMs) },
  ]
  const foot = [...(peers.some(({ self }) => self) ? ['* this node'] : []), ...peers.flatMap(elsewhereText)]
  // The head, what is counted, and the line that the cursor stands in.
  const room = Math.max(1, height - 3 - foot.length)
  const shown = peers.length <= room + 1 ? peers : peers.slice(0, room)
  const left = peers.length - shown.length
  return [fittedTable(columns, shown, width, isColoured), ...(left > 0 ? [`… and ${left} more`] : []), ...foot].join('\n')
}

const elsewhereText = ({ name, reachedBy = [] }: PeerAnswerRow): readonly string[] =>
  reachedBy.length === 0 ? [] : [tame(`${name} is reached by ${reachedBy.join(' and ')}, not from here`)]

const rttText = ({ rttMs, jitterMs, measured }: PeerAnswerRow): string =>
  rttMs === null ? '–' : `${measured === 'estimated' ? '~' : ''}${rttMs.toFixed(2)}${jitterMs === null ? '' : ` ± ${jitterMs.toFixed(2)}`}`

/** Keeps whom it has shown in their places; newer ones come below. */
export function inPlace(): (answer: PeersAnswer) => PeersAnswer {
  const places = new Map<string, number>()
  const placeOf = ({ id, address }: PeerAnswerRow): number => {
    const key = id ?? address
    const place = places.get(key) ?? places.size
    places.set(key, place)
    return place
  }
  return (answer) => ({
    ...answer,
    peers: answer.peers
      .map((peer) => ({ peer, place: placeOf(peer) }))
      .sort((a, b) => a.place - b.place)
      .map(({ peer }) => peer),
  })
}

export function ageText(iso: string | null, nowMs: number): string {
  if (iso === null) return '–'
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(iso)) / 1_000))
  return seconds < 60
    ? `${seconds} s ago`
    : seconds < 3_600
      ? `${Math.round(seconds / 60)} min ago`
      : `${Math.round(seconds / 3_600)} h ago`
}
