// Whom the next automatic speed test is with: those that may become this node's TURN first, then who was never measured, then
// whoever's figures are oldest. Nobody is tested through a tunnel, where the tunnel's own TURN would be measured, nor on this machine.
import { hostKind, parseAddress } from './address.ts'
import type { Row } from './ip-table.ts'
import { SPEED_RETRY, SPEED_STALE, SPEED_STALE_OTHERS } from './timings.ts'

interface PlanFacts {
  readonly wallMs: number
  /** This node's own row. */
  readonly self: string
  /** Hosts of this machine. */
  readonly ownHosts: readonly string[]
  /** This node is not reached without a TURN. */
  readonly needsTurn: boolean
}

/** So many of the nearest may become this node's TURN. */
const CANDIDATES = 8

/** Null: nobody is due. `fraction`: chance, 0 to 1, which picks among those that were never measured. */
export function nextSpeedTest(rows: Iterable<Row>, facts: PlanFacts, fraction: number): Row | null {
  const testable = [...rows].filter((row) => isTestable(row, facts))
  const isDue = (row: Row, staleMs: number): boolean =>
    row.speedAtMs === null || facts.wallMs - row.speedAtMs > (row.downMbps === null ? SPEED_RETRY : staleMs)
  const candidates = facts.needsTurn ? nearest(testable.filter(({ record }) => record.offersTurn)) : []
  const due = candidates.find((row) => isDue(row, SPEED_STALE))
  if (due !== undefined) return due
  const unknown = testable.filter(({ speedAtMs }) => speedAtMs === null)
  if (unknown.length > 0) return unknown[Math.floor(fraction * unknown.length)] ?? null
  const stale = testable.filter((row) => isDue(row, SPEED_STALE_OTHERS))
  return stale.sort((a, b) => (a.speedAtMs ?? 0) - (b.speedAtMs ?? 0))[0] ?? null
}

const isTestable = ({ key, state, record }: Row, { self, ownHosts }: PlanFacts): boolean =>
  key !== self &&
  state === 'alive' &&
  record.id !== null &&
  record.via === null &&
  !isHere(parseAddress(record.address)?.host ?? '', ownHosts)

const isHere = (host: string, ownHosts: readonly string[]): boolean => hostKind(host) === 'loopback' || ownHosts.includes(host)

const nearest = (rows: readonly Row[]): readonly Row[] =>
  [...rows].sort((a, b) => (a.latency.rttMs ?? Infinity) - (b.latency.rttMs ?? Infinity)).slice(0, CANDIDATES)
