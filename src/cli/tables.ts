// Answers as text for people: aligned columns, nothing that a pipe would garble.
import type { PeersAnswer } from '../answers.ts'
import { tame } from '../domain/tame.ts'

/** Rows as columns, padded to the widest cell. What strangers wrote in them is tamed. */
export function columns(wild: readonly (readonly string[])[]): string {
  const rows = wild.map((row) => row.map((cell) => tame(cell)))
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => [...(row[i] ?? '')].length)))
  return rows
    .map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat((widths[i] ?? 0) - [...cell].length))).join('  '))
    .join('\n')
}

/** As a record's name may be; a P2PRC row's may be longer. */
const MAX_NAME_CHARS = 64

export function peersText({ peers }: PeersAnswer, nowMs: number): string {
  const head = ['NAME', 'ADDRESS', 'STATE', 'RTT ms', 'LOSS', '↓ Mbit/s', '↑ Mbit/s', 'TESTED', 'ROLE', 'PROVEN']
  const rows = peers.map((peer) => [
    tame(peer.self ? `${peer.name} *` : peer.name, MAX_NAME_CHARS),
    peer.address,
    peer.state,
    peer.rttMs === null
      ? '–'
      : `${peer.measured === 'estimated' ? '~' : ''}${peer.rttMs.toFixed(2)}${peer.jitterMs === null ? '' : ` ± ${peer.jitterMs.toFixed(2)}`}`,
    peer.lossPct === null ? '–' : `${peer.lossPct} %`,
    peer.downMbps === null ? '–' : peer.downMbps.toFixed(1),
    peer.upMbps === null ? '–' : peer.upMbps.toFixed(1),
    ageText(peer.downMbps === null ? null : peer.speedAt, nowMs),
    peer.via !== null ? 'behind NAT' : peer.turn ? 'TURN' : 'server',
    ageText(peer.lastProof, nowMs),
  ])
  const foot = peers.some(({ self }) => self) ? '\n* this node' : ''
  return peers.length === 0 ? 'nobody yet' : columns([head, ...rows]) + foot
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
