// A machine on which more wants to run than can: there, what is not urgent waits, and what was begun gets more time. Each handshake that
// is made on such a machine makes all others take longer.
import { CROWDED_BEAT, CROWDED_REST, CROWDED_REST_A_ROW, GOSSIP_REST_MOST, PATIENCE_MOST } from './timings.ts'

/** Above this share of time that this process was ready to run and had to wait for a processor. */
const CROWDED_SHARE = 0.6
/** A request gets so many times as long more, for each whole of that share. */
const PATIENCE_SHARE = 3
/** Comparisons of tables are so many ms further apart for each whole of that share. */
const GOSSIP_REST_SHARE = 3_000

export interface Waits {
  /** As in the port `Clock`. */
  waitedShare(): number
}

/** Above this share it is worth it to wait until what is under way is done. */
const BUSY_SHARE = 0.2

export const isBusy = (clock: Waits): boolean => clock.waitedShare() > BUSY_SHARE
export const isCrowded = (clock: Waits): boolean => clock.waitedShare() > CROWDED_SHARE

/**
 * Ms until what waits on a crowded machine is gone about, `ms` at the least: all of it in the same moments, and nothing between them. A process that is
 * woken has to have its memory at hand again, which costs more than most of what it then does.
 */
export const togetherMs = (ms: number, clock: Waits & { now(): number }): number => {
  if (!isCrowded(clock)) return ms
  const atMs = clock.now() + ms
  return Math.ceil(atMs / CROWDED_BEAT) * CROWDED_BEAT - clock.now()
}

/** How long a node rests there between two first looks in a table of so many rows that has stopped growing. */
export const lookRestMs = (rows: number): number => Math.min(CROWDED_REST, rows * CROWDED_REST_A_ROW)

/** How long comparisons of tables are further apart: more, the longer this process has to wait. */
export const gossipRestMs = (clock: Waits): number => Math.min(GOSSIP_REST_MOST, GOSSIP_REST_SHARE * clock.waitedShare())

/** The time for a request that may take `timeoutMs` elsewhere. */
export const patientMs = (timeoutMs: number, clock: Waits): number =>
  timeoutMs * Math.min(PATIENCE_MOST, 1 + PATIENCE_SHARE * clock.waitedShare())
