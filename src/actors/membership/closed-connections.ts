import { Observable } from 'rxjs'
import type { Ports } from '../../ports.ts'

/** The addresses at which a peer closes a warm connection, while subscribed. */
export const closedConnections = (http: Pick<Ports['http'], 'onClosed'>): Observable<string> =>
  new Observable((out) => http.onClosed((address) => out.next(address)))
