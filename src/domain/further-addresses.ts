import { type AddressPolicy, isAllowed, parseAddress } from './address.ts'
import type { IpTable } from './ip-table.ts'
import type { PeerRecord } from './record.ts'

/**
 * The record with those of its further addresses that this node may contact: by `mayBe`, as its first address was judged, or at the
 * very host of a TURN that this node has reached itself. Its owner's signed words are passed on as they came.
 */
export function withAllowed(record: PeerRecord, { rows }: IpTable, policy: AddressPolicy, mayBe: (address: string) => boolean): PeerRecord {
  const { alsoAt = [], ...rest } = record
  const isAtTurn = (address: string): boolean => {
    const host = parseAddress(address)?.host
    return (
      isAllowed(address, policy, 'neighbour') &&
      [...rows.values()].some(
        ({ state, record: turn }) => state !== 'unknown' && turn.via === null && parseAddress(turn.address)?.host === host,
      )
    )
  }
  const allowed = alsoAt.filter((address) => mayBe(address) || isAtTurn(address))
  if (allowed.length === alsoAt.length) return record
  return allowed.length > 0 ? { ...rest, alsoAt: allowed } : rest
}
