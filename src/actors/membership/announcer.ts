// The one owner of this node's own word: what it says of its address, its own row, and the news of both.
import type { Subscription } from 'rxjs'
import { proveOwn, putOwn, removeRow } from '../../domain/ip-table.ts'
import type { News } from '../../feed/news.ts'
import type { Verdict } from '../../machines/reach-machine.ts'
import type { OwnRecord } from './own-record.ts'
import type { Reach } from './reach.ts'
import type { TableKeeper } from './table-keeper.ts'

export interface Announcer {
  /** The address through a TURN is proven, or proven again. `via`: the TURN's id, or its key where it has none. */
  tunnelProven(address: string, via: string | null, by: string | null): void
  /** The tunnel is gone; a direct address that is proven stands. */
  tunnelGone(): void
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
  const announce = (address: string | null, via: string | null, by: string | null): void => {
    if (!own.announce(address, via)) {
      keeper.apply((table, wallMs) => proveOwn(table, own.id, wallMs))
      return
    }
    publish({ type: 'node.reachability', verdict: reachability(), address, by })
    putRow()
  }
  const follow = (verdict: Verdict): void => {
    if (verdict.type === 'proven') announce(verdict.address, null, verdict.by)
    else if (own.via() === null && own.address() !== null) announce(null, null, null)
  }

  return {
    tunnelProven: announce,
    tunnelGone: () => {
      if (own.via() === null) return
      const verdict = reach.verdict()
      if (verdict.type === 'proven') announce(verdict.address, null, verdict.by)
      else announce(null, null, null)
    },
    outrun: (seq) => {
      own.outrun(seq)
      if (own.address() !== null) putRow()
    },
    reachability,
    start: () => {
      following = reach.verdicts$.subscribe(follow)
    },
    stop: () => following?.unsubscribe(),
  }
}
