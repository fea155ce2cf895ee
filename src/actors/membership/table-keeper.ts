import { type Observable, Subject } from 'rxjs'
import { type Change, type IpTable, KeptTable } from '../../domain/ip-table.ts'
import type { News } from '../../feed/news.ts'
import { newsOfChange } from '../../feed/table-news.ts'
import type { Clock } from '../../ports.ts'

/**
 * The table's one owner: it alone changes it, and tells what changes in it,
 * to the parts as changes and to people as news. State only.
 */
export interface TableKeeper {
  /** Always as it is now: the same object at every time. */
  current(): IpTable
  /** Takes a step, which changes the table in place; its changes go out in their order before this returns. */
  apply(step: (table: KeptTable, wallMs: number) => readonly Change[]): readonly Change[]
  readonly changes$: Observable<Change>
}

interface KeeperNeeds {
  readonly clock: Pick<Clock, 'wallMs'>
  /** This node's id: what becomes of its own row is told by its announcer. */
  readonly self: string
  readonly publish: (news: News) => void
}

export function createTableKeeper({ clock, self, publish }: KeeperNeeds): TableKeeper {
  const table = new KeptTable()
  const current: IpTable = table
  const changes = new Subject<Change>()
  return {
    current: () => current,
    apply: (step) => {
      const made = step(table, clock.wallMs())
      for (const change of made) {
        const news = change.row.key === self && change.type !== 'measured' ? null : newsOfChange(change)
        if (news) publish(news)
        changes.next(change)
      }
      return made
    },
    changes$: changes.asObservable(),
  }
}
