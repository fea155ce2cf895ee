// `moonwalk netcheck` for people.
import type { NetcheckAnswer } from '../answers.ts'
import { ageText, columns } from './tables.ts'

const SAYS: Readonly<Record<NetcheckAnswer['seen'][number]['dialBack'], string>> = {
  reached: 'connected to',
  refused: 'could not connect (refused)',
  silent: 'could not connect (no answer)',
  untried: 'did not try',
}

export function netcheckText(answer: NetcheckAnswer, nowMs: number): string {
  const { reachability, address, machine, nat, seen, turns, speeds } = answer
  const reached =
    reachability === 'unknown' ? 'not proven' : `${address ?? '?'} (${reachability === 'public' ? 'directly' : 'through a TURN'})`
  const facts = columns([
    ['reached at', reached],
    ['NAT', nat.text],
    ['this machine', machine.join(', ') || 'no address but loopback'],
    ['nearest TURN', turnText(turns.nearest)],
    ['chosen TURN', turnText(turns.chosen)],
    ['why', turns.text],
  ])
  return [facts, seenText(seen, nowMs), speedsText(speeds, nowMs)].filter((part) => part !== '').join('\n\n')
}

const turnText = (turn: NetcheckAnswer['turns']['nearest']): string =>
  turn === null ? 'none' : `${turn.name} at ${turn.address}, ${turn.rttMs === null ? '?' : turn.rttMs.toFixed(2)} ms`

function seenText(seen: NetcheckAnswer['seen'], nowMs: number): string {
  if (seen.length === 0) return 'nobody was asked yet how this node is seen'
  const rows = seen.map(({ name, seenAt, dialBack, address, at }) => [
    name,
    seenAt ?? '–',
    `${SAYS[dialBack]}${address === null ? '' : ` ${address}`}`,
    ageText(at, nowMs),
  ])
  return columns([['ASKED', 'SEES THIS NODE AT', 'DIALLED BACK', 'WHEN'], ...rows])
}

function speedsText(speeds: NetcheckAnswer['speeds'], nowMs: number): string {
  if (speeds.length === 0) return 'no speed was measured yet'
  const mbps = (value: number | null): string => (value === null ? '–' : value.toFixed(1))
  const rows = speeds.map(({ name, downMbps, upMbps, at }) => [name, mbps(downMbps), mbps(upMbps), ageText(at, nowMs)])
  return columns([['SPEED WITH', '↓ Mbit/s', '↑ Mbit/s', 'MEASURED'], ...rows])
}
