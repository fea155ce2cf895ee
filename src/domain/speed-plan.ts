// Whom the next automatic speed test is with: those that may become this node's TURN first, then who was never measured, then
// whoever's figures are oldest. Where a TURN is chosen by throughput, one connection of the best few is watched besides. Nobody
// is tested through a tunnel, where the tunnel's own TURN would be measured, nor on this machine.
import { hostKind, parseAddress } from './address.ts'
import type { Row } from './ip-table.ts'
import { SPEED_RETRY, SPEED_STALE, SPEED_STALE_OTHERS } from './timings.ts'
import { tunnelMbps } from './turn-choice.ts'

interface PlanFacts {
  readonly wallMs: number
  /** This node's own row. */
  readonly self: string
  /** Hosts of this machine. */
  readonly ownHosts: readonly string[]
  /** This node is not reached without a TURN. */
  readonly needsTurn: boolean
  /** It chooses its TURN by throughput. */
  readonly byThroughput: boolean
}

export interface PlannedTest {
  /** Both ways over four connections; or what one keeps up. */
  readonly type: 'speed' | 'sustained'
  readonly row: Row
}

/** So many of the nearest may become this node's TURN. */
const CANDIDATES = 8
/** Of them, and of all others, so many with the most throughput are in the choice. */
const FINALISTS = 3

/** Null: nobody is due. `fraction`: chance, 0 to 1, which picks among those that were never measured. */
export function nextSpeedTest(rows: Iterable<Row>, facts: PlanFacts, fraction: number): PlannedTest | null {
  const testable = [...rows].filter((row) => isTestable(row, facts))
  const turns = facts.needsTurn ? testable.filter(({ record }) => record.offersTurn) : []
  const due = nearest(turns).find((row) => isDue(row, SPEED_STALE, facts))
  if (due !== undefined) return { type: 'speed', row: due }
  const finalist = facts.byThroughput ? finalistsOf(turns).find(({ sustained }) => isSustainedDue(sustained, facts)) : undefined
  if (finalist !== undefined) return { type: 'sustained', row: finalist }
  const unknown = testable.filter(({ speedAtMs }) => speedAtMs === null)
  const other = unknown[Math.floor(fraction * unknown.length)] ?? oldest(testable.filter((row) => isDue(row, SPEED_STALE_OTHERS, facts)))
  return other === undefined ? null : { type: 'speed', row: other }
}

const isDue = ({ speedAtMs, downMbps }: Row, staleMs: number, { wallMs }: PlanFacts): boolean =>
  speedAtMs === null || wallMs - speedAtMs > (downMbps === null ? SPEED_RETRY : staleMs)

/** Two seconds of a path cost more than a test does: once a day. */
const isSustainedDue = (sustained: Row['sustained'], { wallMs }: PlanFacts): boolean =>
  sustained === null || wallMs - sustained.atMs > (sustained.mbps === null ? SPEED_RETRY : SPEED_STALE_OTHERS)

const oldest = (rows: readonly Row[]): Row | undefined => [...rows].sort((a, b) => (a.speedAtMs ?? 0) - (b.speedAtMs ?? 0))[0]

/** Whoever has kept up less than it seemed is behind those that were not tried yet. */
const finalistsOf = (turns: readonly Row[]): readonly Row[] =>
  turns
    .filter(({ downMbps, upMbps }) => downMbps !== null && upMbps !== null)
    .sort((a, b) => throughput(b) - throughput(a))
    .slice(0, FINALISTS)

const throughput = ({ downMbps, upMbps, sustained }: Row): number =>
  tunnelMbps({ mbps: Math.min(downMbps ?? 0, upMbps ?? 0), sustainedMbps: sustained?.mbps ?? null })

const isTestable = ({ key, state, record }: Row, { self, ownHosts }: PlanFacts): boolean =>
  key !== self &&
  state === 'alive' &&
  record.id !== null &&
  record.via === null &&
  !isHere(parseAddress(record.address)?.host ?? '', ownHosts)

const isHere = (host: string, ownHosts: readonly string[]): boolean => hostKind(host) === 'loopback' || ownHosts.includes(host)

const nearest = (rows: readonly Row[]): readonly Row[] =>
  [...rows].sort((a, b) => (a.latency.rttMs ?? Infinity) - (b.latency.rttMs ?? Infinity)).slice(0, CANDIDATES)
