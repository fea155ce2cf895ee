// `moonwalk netcheck` for people.
import type { NetcheckAnswer } from '../answers.ts'
import { fittedPairs, fittedTable } from './fitted-table.ts'
import { ageText } from './tables.ts'
import { ENDLESS } from './terminal.ts'

const SAYS: Readonly<Record<NetcheckAnswer['seen'][number]['dialBack'], string>> = {
  reached: 'connected to',
  refused: 'could not connect (refused)',
  silent: 'could not connect (no answer)',
  untried: 'did not try',
}

export function netcheckText(answer: NetcheckAnswer, nowMs: number, width = ENDLESS.width): string {
  const { reachability, address, machine, nat, seen, turns, speeds } = answer
  const reached =
    reachability === 'unknown' ? 'not proven' : `${address ?? '?'} (${reachability === 'public' ? 'directly' : 'through a TURN'})`
  const facts = fittedPairs(
    [
      ['reached at', reached],
      ['NAT', nat.text],
      ['this machine', machine.join(', ') || 'no address but loopback'],
      ['nearest TURN', turnText(turns.nearest)],
      ['chosen TURN', turnText(turns.chosen)],
      ['why', turns.text],
    ],
    width,
  )
  return [facts, seenText(seen, nowMs, width), speedsText(speeds, nowMs, width)].filter((part) => part !== '').join('\n\n')
}

const turnText = (turn: NetcheckAnswer['turns']['nearest']): string =>
  turn === null ? 'none' : `${turn.name} at ${turn.address}, ${turn.rttMs === null ? '?' : turn.rttMs.toFixed(2)} ms`

type Seen = NetcheckAnswer['seen'][number]
type Speed = NetcheckAnswer['speeds'][number]

function seenText(seen: readonly Seen[], nowMs: number, width: number): string {
  if (seen.length === 0) return 'nobody was asked yet how this node is seen'
  return fittedTable<Seen>(
    [
      { head: 'ASKED', rank: 0, least: 8, cell: ({ name }) => name },
      { head: 'SEES THIS NODE AT', rank: 0, cell: ({ seenAt }) => seenAt ?? '–' },
      {
        head: 'DIALLED BACK',
        rank: 0,
        least: 12,
        cell: ({ dialBack, address }) => `${SAYS[dialBack]}${address === null ? '' : ` ${address}`}`,
      },
      { head: 'WHEN', rank: 1, cell: ({ at }) => ageText(at, nowMs) },
    ],
    seen,
    width,
  )
}

function speedsText(speeds: readonly Speed[], nowMs: number, width: number): string {
  if (speeds.length === 0) return 'no speed was measured yet'
  return fittedTable<Speed>(
    [
      { head: 'SPEED WITH', rank: 0, least: 8, cell: ({ name }) => name },
      { head: '↓ Mbit/s', rank: 0, cell: ({ downMbps }) => downMbps?.toFixed(1) ?? '–' },
      { head: '↑ Mbit/s', rank: 0, cell: ({ upMbps }) => upMbps?.toFixed(1) ?? '–' },
      { head: 'MEASURED', rank: 1, cell: ({ at }) => ageText(at, nowMs) },
    ],
    speeds,
    width,
  )
}
