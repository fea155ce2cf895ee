// The one owner of this node's own word: what it says of its address, its own row, and the news of both.
import type { Subscription } from 'rxjs'
import { proveOwn, putOwn, removeRow } from '../../domain/ip-table.ts'
import { MOST_FURTHER } from '../../domain/record.ts'
import { VOUCHED_FROM } from '../../domain/timings.ts'
import type { TurnCandidate } from '../../domain/turn-choice.ts'
import type { News } from '../../feed/news.ts'
import type { Verdict } from '../../machines/reach-machine.ts'
import type { OwnRecord } from './own-record.ts'
import type { Reach } from './reach.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface Announcer {
  /**
   * Through these TURNs this node is proven to be reached, or proven again: best first. None: no tunnel is open, and a direct address
   * that is proven stands.
   */
  reachedThrough(places: readonly { readonly turn: Pick<TurnCandidate, 'id' | 'key'>; readonly address: string }[]): void
  /** Says the word anew, counted above `seq`: others hold a later one of an earlier run, or it tells something more. */
  outrun(seq: number): void
  /** `public`: others connect to this node itself. */
  reachability(): 'public' | 'tunnelled' | 'unknown'
  start(): void
  stop(): void
}

interface AnnouncerNeeds {
  readonly own: OwnRecord
  readonly keeper: TableKeeper
  readonly reach: Pick<Reach, 'verdicts$' | 'verdict'>
  readonly publish: (news: News) => void
}

export function createAnnouncer({ own, keeper, reach, publish }: AnnouncerNeeds): Announcer {
  let following: Subscription | null = null

  const reachability = (): 'public' | 'tunnelled' | 'unknown' =>
    own.address() === null ? 'unknown' : own.via() === null ? 'public' : 'tunnelled'
  const putRow = (): void => {
    const record = own.record()
    keeper.apply((table, wallMs) => (record ? putOwn(table, record, wallMs) : removeRow(table, own.id, 'no address', wallMs)))
  }
  const outrun = (seq: number): void => {
    own.outrun(seq)
    if (own.address() !== null) putRow()
  }
  const announce = (address: string | null, via: string | null, by: string | null, alsoAt: readonly string[] = []): void => {
    const first = own.address()
    if (!own.announce(address, via, alsoAt)) {
      // Where everybody looks at everybody at once nobody needs them.
      if (own.hasVouches() && keeper.current().rows.size >= VOUCHED_FROM) return outrun(own.seq())
      keeper.apply((table, wallMs) => proveOwn(table, own.id, wallMs))
      return
    }
    if (address !== first) publish({ type: 'node.reachability', verdict: reachability(), address, by })
    putRow()
  }
  const follow = (verdict: Verdict): void => {
    if (verdict.type === 'proven') announce(verdict.address, null, verdict.by)
    else if (own.via() === null && own.address() !== null) announce(null, null, null)
  }

  return {
    reachedThrough: (places) => {
      const [first, ...further] = places
      if (first) {
        const { id, key } = first.turn
        return announce(
          first.address,
          id ?? key,
          id,
          further.slice(0, MOST_FURTHER).map(({ address }) => address),
        )
      }
      if (own.via() === null) return
      const verdict = reach.verdict()
      if (verdict.type === 'proven') announce(verdict.address, null, verdict.by)
      else announce(null, null, null)
    },
    outrun,
    reachability,
    start: () => {
      following = reach.verdicts$.subscribe(follow)
    },
    stop: () => following?.unsubscribe(),
  }
}
