// The memory that bodies may take, those of requests while they are collected, or those of answers until they have gone out: so much
// in all, and so much of one address. Where more come, the one that began first is given up; the new one stays.
import { addressGroup } from '../../domain/address-group.ts'

export interface BodyBudget {
  /** A body begins to come from that address. `giveUp` ends it; it need not call `end`. */
  begin(ip: string, giveUp: () => void): HeldBody
}

export interface HeldBody {
  /** It grew. */
  grew(bytes: number): void
  /** All of it is here: it is not given up any more. */
  complete(): void
  /** Its memory is free. More than once is no harm. */
  end(): void
}

export interface BodyLimits {
  /** Bytes of bodies in all. Default 64 MiB. */
  readonly maxBodyBytes: number
  /** Bytes of bodies from one address, of IPv6 from one /64. Default 16 MiB. */
  readonly maxBodyBytesHere: number
}

export const BODY_LIMITS: BodyLimits = { maxBodyBytes: 64 << 20, maxBodyBytesHere: 16 << 20 }

interface Held {
  readonly group: string
  readonly giveUp: () => void
  bytes: number
  isComplete: boolean
}

export function createBodyBudget({ maxBodyBytes, maxBodyBytesHere }: BodyLimits): BodyBudget {
  /** In the order in which they began. */
  const all = new Set<Held>()
  const groups = new Map<string, number>()
  let total = 0
  const count = (held: Held, bytes: number): void => {
    held.bytes += bytes
    total += bytes
    const here = (groups.get(held.group) ?? 0) + bytes
    if (here > 0) groups.set(held.group, here)
    else groups.delete(held.group)
  }
  const end = (held: Held): void => {
    if (!all.delete(held)) return
    count(held, -held.bytes)
  }
  /** Of those that may be given up the one that began first; of that group only, where one is named. */
  const longest = (group: string | null): Held | undefined => {
    for (const held of all) if (!held.isComplete && held.bytes > 0 && (group === null || held.group === group)) return held
    return undefined
  }
  return {
    begin: (ip, giveUp) => {
      const held: Held = { group: addressGroup(ip), giveUp, bytes: 0, isComplete: false }
      all.add(held)
      const makeRoom = (group: string | null): void => {
        const one = longest(group)
        if (one === undefined) return
        end(one)
        one.giveUp()
      }
      return {
        grew: (bytes) => {
          if (!all.has(held)) return
          count(held, bytes)
          while ((groups.get(held.group) ?? 0) > maxBodyBytesHere && longest(held.group) !== undefined) makeRoom(held.group)
          while (total > maxBodyBytes && longest(null) !== undefined) makeRoom(null)
        },
        complete: () => {
          held.isComplete = true
        },
        end: () => end(held),
      }
    },
  }
}
