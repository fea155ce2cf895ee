// Inputs out of a number: the same ones for the same number, so that whatever goes wrong can be had again.

/** A number from 0 to below `below`, which is at most 2^32. */
export type Chance = (below: number) => number

export function chance(seed: number): Chance {
  let state = Math.imul(seed ^ (seed >>> 16), 0x45d9f3b) >>> 0 // neighbours are to have nothing in common
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

export const oneOf = <T>(pick: Chance, all: readonly [T, ...T[]]): T => all[pick(all.length)] ?? all[0]

export function noise(pick: Chance, maxBytes: number): Buffer {
  const bytes = Buffer.alloc(pick(maxBytes))
  for (let at = 0; at < bytes.length; at++) bytes[at] = pick(256)
  return bytes
}

/** Bits turned, parts left out, doubled, or written over, up to three times. */
export function damaged(pick: Chance, valid: Buffer): Buffer {
  let bytes = Buffer.from(valid)
  for (let count = pick(4); count > 0 && bytes.length > 0; count--) {
    const at = pick(bytes.length)
    const to = at + pick(bytes.length - at + 1)
    switch (pick(5)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << pick(8))
        break
      case 1:
        bytes[at] = oneOf(pick, [0, 0xff, 0x7f, 0x80])
        break
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)])
        break
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)])
        break
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), noise(pick, 16), bytes.subarray(to)])
    }
  }
  return bytes
}

/** Something valid that was damaged, now and then three of it in a row; or nothing but noise. */
export const strange = (pick: Chance, valid: Buffer): Buffer =>
  pick(4) === 0 ? noise(pick, 400) : damaged(pick, pick(20) === 0 ? Buffer.concat([valid, valid, valid]) : valid)

/** Cut anywhere; now and then byte by byte. */
export function* pieces(pick: Chance, bytes: Buffer): Generator<Buffer> {
  const longest = 1 + (pick(64) === 0 ? 1 : pick(bytes.length + 1))
  for (let at = 0; at < bytes.length; ) {
    const to = Math.min(bytes.length, at + 1 + pick(longest))
    yield bytes.subarray(at, to)
    at = to
  }
}
