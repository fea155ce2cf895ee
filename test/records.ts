import type { PeerRecord } from '../src/domain/record.ts'

/** A record as if its owner had signed it: the envelope only stands for one. */
export const signedBy = (id: string, address: string, other: Partial<PeerRecord> = {}): PeerRecord => {
  const seq = other.seq ?? 1
  return {
    id,
    name: id,
    address,
    seq,
    via: null,
    offersTurn: true,
    left: false,
    envelope: `${id} ${seq} ${address}`,
    p2prc: null,
    ...other,
  }
}
