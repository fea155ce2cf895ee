// Everything the node asks of the outside world. `src/io` answers with Node, `test/sim` with a scripted world.
// Nearly all of it is types. Expected failure is a value (`Failure`); a rejection or a throw out of a port is a bug.
import type { Clock, Random } from './ports/clock.ts'
import type { Http } from './ports/http.ts'
import type { Identity } from './ports/identity.ts'
import type { Network } from './ports/network.ts'
import type { Store } from './ports/store.ts'

export * from './ports/clock.ts'
export * from './ports/failure.ts'
export * from './ports/http.ts'
export * from './ports/identity.ts'
export * from './ports/network.ts'
export * from './ports/serve.ts'
export * from './ports/store.ts'

export interface Ports {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly http: Http
  readonly store: Store
  readonly identity: Identity
}
