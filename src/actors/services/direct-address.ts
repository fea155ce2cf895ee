import { distinctUntilChanged, filter, map, type Observable, startWith } from 'rxjs'
import type { Change } from '../../domain/ip-table.ts'
import type { OwnRecord } from '../membership/own-record.ts'

/**
 * Where others reach this node without a TURN, from what it says of itself;
 * null while it does not say so. Begins with the present one.
 */
export const directAddress = (own: Pick<OwnRecord, 'id' | 'address' | 'via'>, changes$: Observable<Change>): Observable<string | null> =>
  changes$.pipe(
    filter(({ row }) => row.key === own.id),
    map(() => null),
    startWith(null),
    map(() => (own.via() === null ? own.address() : null)),
    distinctUntilChanged(),
  )
