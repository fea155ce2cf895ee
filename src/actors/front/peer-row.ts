// One server as `peers` says it: what the table has of it, and what is estimated where nothing was measured.
import type { PeerAnswerRow } from '../../answers.ts'
import {
  type Coordinate,
  estimateError,
  estimateMs,
  MAX_ERROR,
  MAX_TOLD_ERROR,
  UNPLACED,
  writeCoordinate,
} from '../../domain/coordinates.ts'
import type { IpTable, Row } from '../../domain/ip-table.ts'
import { figuresOf, type Latency, NO_LATENCY, roundMs } from '../../domain/latency.ts'
import { addressesOf, dialectOf } from '../../domain/record.ts'

export interface Now {
  /** This node's own id. */
  readonly self: string
  readonly wallMs: number
  /** This node's own coordinate. */
  readonly here: Coordinate
}

/** A server that was here within the last day. What was measured of it is no figure of now. */
export const offlineRow = (row: Row, self: string): PeerAnswerRow => ({
  ...peerRow({ ...row, latency: NO_LATENCY }, { self, wallMs: 0, here: UNPLACED }),
  state: 'offline',
})

export const peerRow = (
  { record, state, latency, downMbps, upMbps, speedAtMs, lastProofMs }: Row,
  { self, wallMs, here }: Now,
): PeerAnswerRow => ({
  id: record.id,
  name: record.name,
  address: record.address,
  addresses: addressesOf(record),
  state,
  self: record.id === self,
  ...latencyRow(latency, wallMs),
  ...estimatedRow(latency.rttMs, record.place, record.id === self ? UNPLACED : here),
  downMbps,
  upMbps,
  speedAt: downMbps === null ? null : isoOf(speedAtMs),
  turn: record.offersTurn && record.via === null,
  via: record.via,
  lastProof: isoOf(lastProofMs),
  dialect: dialectOf(record),
})

/** Where nothing is measured or estimated, that it is there is told. */
function toldBy({ told }: Row, table: IpTable, measured: PeerAnswerRow['measured']): Partial<Pick<PeerAnswerRow, 'toldBy' | 'measured'>> {
  return told === undefined ? {} : { toldBy: namesOf(told, table), measured: measured ?? 'told' }
}

const namesOf = (ids: readonly string[], { rows }: IpTable): readonly string[] =>
  ids.map((id) => rows.get(id)?.record.name ?? id.slice(0, 8))

/** With by whose word it is there, where this node can't say so itself. */
export function hereRow(row: Row, now: Now, table: IpTable): PeerAnswerRow {
  const known = peerRow(row, now)
  return { ...known, ...toldBy(row, table, known.measured), ...reachedBy(row, table) }
}

/** What was measured of it was so before others alone reached it. */
function reachedBy({ reachedBy: ids, latency }: Row, table: IpTable): Partial<Pick<PeerAnswerRow, 'reachedBy' | 'measured'>> {
  if (ids.length === 0) return {}
  return { reachedBy: namesOf(ids, table), ...(latency.rttMs === null ? {} : { measured: 'told' }) }
}

/** Behind what was measured, since it says what is known where nothing was. */
function estimatedRow(rttMs: number | null, place: Coordinate | undefined, here: Coordinate) {
  const told = { place: place === undefined ? null : writeCoordinate(place) }
  if (rttMs !== null) return { ...told, measured: 'self' as const, rttErrorPct: null }
  const error = place === undefined ? MAX_ERROR : estimateError(here, place)
  if (place === undefined || error > MAX_TOLD_ERROR) return { ...told, measured: null, rttErrorPct: null }
  return { ...told, rttMs: roundMs(estimateMs(here, place)), measured: 'estimated' as const, rttErrorPct: Math.round(error * 100) }
}

function latencyRow(latency: Latency, wallMs: number) {
  const { rttAtMs, connectAtMs, loadedAtMs, ...figures } = figuresOf(latency, wallMs)
  return { ...figures, rttAt: isoOf(rttAtMs), connectAt: isoOf(connectAtMs), loadedAt: isoOf(loadedAtMs) }
}

const isoOf = (wallMs: number | null): string | null => (wallMs === null ? null : new Date(wallMs).toISOString())
