import { type Observable, Subject } from 'rxjs'
import { type Change, EMPTY_TABLE, type IpTable, type Outcome } from '../../domain/ip-table.ts'
import type { News } from '../../feed/news.ts'
import { newsOfChange } from '../../feed/table-news.ts'
import type { Clock } from '../../ports.ts'

/** Holds the table and tells what changes in it, to the parts as changes and to people as news. State only. */
export interface TableKeeper {
  current(): IpTable
  /** Takes a pure step; its changes go out in their order before this returns. */
  apply(step: (table: IpTable, wallMs: number) => Outcome): readonly Change[]
  readonly changes$: Observable<Change>
}

interface KeeperNeeds {
  readonly clock: Pick<Clock, 'wallMs'>
  /** This node's id: what becomes of its own row is told by its announcer. */
  readonly self: string
  readonly publish: (news: News) => void
}

export function createTableKeeper({ clock, self, publish }: KeeperNeeds): TableKeeper {
  let table = EMPTY_TABLE
  const changes = new Subject<Change>()
  return {
    current: () => table,
    apply: (step) => {
      const outcome = step(table, clock.wallMs())
      table = outcome.table
      for (const change of outcome.changes) {
        const news = change.row.key === self && change.type !== 'measured' ? null : newsOfChange(change)
        if (news) publish(news)
        changes.next(change)
      }
      return outcome.changes
    },
    changes$: changes.asObservable(),
  }
}
