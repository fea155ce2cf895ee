// Who is asked first where a node and its TURN stand at one IP address, and neither has answered yet.
import { parseAddress } from './address.ts'
import { isProven, type Row } from './table/row.ts'
import { TURN_FIRST_FOR } from './timings.ts'

/**
 * Tries at an IP address that has proven nothing are few: whoever is reached through a TURN there leaves them to that one, which proves
 * the address for both. Not for ever, since it may be that only the TURN itself can't be reached from here.
 */
export function isTurnsTurn({ state, record, heard }: Row, turn: Row | undefined, wallMs: number): boolean {
  if (state !== 'unknown' || turn === undefined || isProven(turn) || heard === null) return false
  return hostOf(turn.record.address) === hostOf(record.address) && wallMs - heard.atMs < TURN_FIRST_FOR
}

const hostOf = (address: string): string | undefined => parseAddress(address)?.host
