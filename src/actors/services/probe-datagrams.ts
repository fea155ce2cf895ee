// Datagrams by which this node knows its own proofs again. On the wire: 16 random bytes that are this run's, then a count of
// 4 bytes, big-endian. A late one is still known, so that no service ever sees one.
import type { Random } from '../../ports.ts'

const KEY_BYTES = 16

export interface ProbeDatagrams {
  /** One that was never sent before. */
  next(): Buffer
  isOurs(bytes: Uint8Array): boolean
}

export function createProbeDatagrams(random: Random): ProbeDatagrams {
  let key: Buffer | null = null
  let count = 0
  return {
    next: () => {
      key ??= Buffer.from(random.bytes(KEY_BYTES))
      const probe = Buffer.alloc(KEY_BYTES + 4)
      key.copy(probe)
      probe.writeUInt32BE(++count >>> 0, KEY_BYTES)
      return probe
    },
    isOurs: (bytes) => key !== null && bytes.length === KEY_BYTES + 4 && key.equals(bytes.subarray(0, KEY_BYTES)),
  }
}
