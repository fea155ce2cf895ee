// Who may have this node connect back to an address of its own naming. So many at once, of which one asker never has all; and nobody
// names address after address at which nothing is: each takes a place among those that the contact gate counts.
import { addressGroup } from '../../domain/address-group.ts'
import { CONTACT_WINDOW } from '../../domain/timings.ts'
import type { Clock } from '../../ports.ts'
import { RecentMap } from '../membership/recent-map.ts'

/** At once, in all. */
const MOST = 128
/** While so many are under way, further ones are for who has fewer than `FEW`. */
const CROWDED = 16
const FEW = 2
/** That came to nothing at other IP addresses than the asker's, in `CONTACT_WINDOW`. An honest one names one such address. */
const MOST_MISSED = 64
/** Who finds no place waits for so long: many nodes that start at once ask the one that all of them know. With the dial below `HELLO_TIMEOUT`. */
const WAITS_MS = 1_500
/** That wait, in all, and of one asker. Whom its seeds do not connect back to is vouched for by whom few have reached, and so is listed late. */
const MOST_WAITING = 1_024
const MOST_WAITING_A = 128
/** Askers that are remembered; who missed the longest ago makes room. */
const MOST_ASKERS = 4_096

export type DialBackEnd = (outcome: 'missed' | 'fine') => void

export interface DialBacks {
  /** As `begin`, once there is a place: whoever waits is served in turn, and is told that this node is busy after a while. */
  turn(seenAt: string | null): Promise<DialBackEnd | 'busy' | 'untried'>
  /**
   * A place for one; or why there is none: `busy` with others now, or too many of that asker came to nothing (`untried`). `seenAt`: its
   * IP address, of IPv6 its /64 counts; null: through a tunnel.
   * What is answered is to be called at the end. `missed`: at an IP address that is not the asker's, and nobody was there.
   */
  begin(seenAt: string | null): DialBackEnd | 'busy' | 'untried'
}

export function createDialBacks(clock: Clock): DialBacks {
  const { now } = clock
  const underWay = new Map<string, number>()
  const missed = new RecentMap<string, { readonly sinceMs: number; readonly count: number }>(MOST_ASKERS)
  /** In turn: each takes a place if there is one for it, and says so. */
  const waiting = new Map<() => boolean, string | null>()
  let open = 0
  const missedBy = (asker: string) => {
    const known = missed.get(asker)
    return known !== undefined && now() - known.sinceMs < CONTACT_WINDOW ? known : { sinceMs: now(), count: 0 }
  }
  const next = (): void => {
    for (const take of [...waiting.keys()]) if (open < MOST && take()) waiting.delete(take)
  }
  const begin: DialBacks['begin'] = (seenAt) => {
    const asker = seenAt === null ? '' : addressGroup(seenAt)
    const here = underWay.get(asker) ?? 0
    if (missedBy(asker).count >= MOST_MISSED) return 'untried'
    if (open >= MOST || (open >= CROWDED && here >= FEW)) return 'busy'
    open++
    underWay.set(asker, here + 1)
    return (outcome) => {
      open--
      const left = (underWay.get(asker) ?? 1) - 1
      if (left > 0) underWay.set(asker, left)
      else underWay.delete(asker)
      const { sinceMs, count } = missedBy(asker)
      // Who comes through a tunnel has no address that it could be told by, and one would be counted to all others.
      if (outcome === 'missed' && seenAt !== null) missed.set(asker, { sinceMs, count: count + 1 })
      next()
    }
  }
  const mayWait = (seenAt: string | null): boolean =>
    waiting.size < MOST_WAITING && [...waiting.values()].filter((one) => one === seenAt).length < MOST_WAITING_A
  return {
    begin,
    turn: (seenAt) => {
      const begun = begin(seenAt)
      if (begun !== 'busy' || !mayWait(seenAt)) return Promise.resolve(begun)
      return new Promise((resolve) => {
        const take = (): boolean => {
          const taken = begin(seenAt)
          if (taken === 'busy') return false
          clock.clearTimeout(timer)
          resolve(taken)
          return true
        }
        const timer = clock.setTimeout(() => {
          waiting.delete(take)
          resolve('busy')
        }, WAITS_MS)
        waiting.set(take, seenAt)
      })
    },
  }
}
