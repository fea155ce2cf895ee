// The same messages inside what encrypts a control connection: wire v2's sealed records and wire v1's AES stream.
import { MessageReader } from '../../src/frp/wire/codec.ts'
import { type ControlCipher, controlCipher } from '../../src/frp/wire/control-cipher.ts'
import type { MessageSource } from '../../src/frp/wire/wire.ts'
import { directionKey, Opener, Sealer } from '../../src/frp/wire/wire-v2-crypto.ts'
import { encodeMessageV2, MessageReaderV2 } from '../../src/frp/wire/wire-v2-frame.ts'
import type { Target } from './campaign.ts'
import { damaged, strange } from './chance.ts'
import { drain, fixed, MESSAGES, V1_BYTES, v1, v2 } from './message-targets.ts'

const RECORD_BYTES = 4 + 65_536 + 16

/** What a cipher makes of the pieces goes to the reader behind it. */
function drainSealed(cipher: Pick<ControlCipher, 'decrypt' | 'heldBytes'>, source: MessageSource, pieces: Iterable<Buffer>): number {
  let held = 0
  for (const piece of pieces) {
    const plain = cipher.decrypt(piece)
    if (plain === null) return held
    held = Math.max(held, cipher.heldBytes, drain(source, [plain]))
  }
  return held
}

const key = directionKey('secret', fixed(32), 'client-to-server')
const sealed = (() => {
  const sealer = new Sealer(key, fixed)
  return Buffer.concat(MESSAGES.map((message) => sealer.encrypt(encodeMessageV2(message))))
})()
const aes = (client: boolean): ControlCipher => controlCipher({ token: 'secret', randomBytes: fixed, transcript: null, client })

export const sealedTargets: readonly Target[] = [
  {
    name: 'v2 records',
    inputs: 1_000_000,
    input: (pick) => strange(pick, sealed),
    maxBytes: RECORD_BYTES,
    feed: (pieces) => drainSealed(new Opener(key), new MessageReaderV2(), pieces),
  },
  {
    name: 'v2 messages inside records that hold',
    inputs: 1_000_000,
    input: (pick) => new Sealer(key, fixed).encrypt(strange(pick, v2)),
    maxBytes: RECORD_BYTES,
    feed: (pieces) => drainSealed(new Opener(key), new MessageReaderV2(), pieces),
  },
  {
    name: 'v1 messages inside AES-CFB',
    inputs: 200_000,
    input: (pick) => damaged(pick, aes(true).encrypt(strange(pick, v1))),
    maxBytes: V1_BYTES,
    feed: (pieces) => drainSealed(aes(false), new MessageReader(), pieces),
  },
]
