// Which addresses this machine has: looked at now and then, and beside other work where that tells of trouble, which costs no further wake-up.
import { defer, filter, map, merge, type Observable, Subject } from 'rxjs'
import { ADDRESS_GAP, ADDRESS_TROUBLE, ADDRESS_WATCH } from '../../domain/timings.ts'
import { isFailure, type Ports } from '../../ports.ts'
import { jitteredInterval } from '../../streams/jittered-interval.ts'
import type { PeerRequests } from './peer-requests.ts'

export interface AddressChange {
  /** Of this machine before, and not now. */
  readonly lost: readonly string[]
}

export interface AddressWatch {
  /** Each change that was seen, while subscribed. */
  readonly changes$: Observable<AddressChange>
  /**
   * Requests that make it look: where one fails, and as each begins for `ADDRESS_TROUBLE` after that. What an address that is gone was used
   * for answers nobody, so requests fail soon; while they are answered there is nothing to look for.
   */
  around(http: PeerRequests): PeerRequests
}

interface WatchNeeds extends Pick<Ports, 'clock' | 'random'> {
  readonly network: Pick<Ports['network'], 'ownHosts'>
}

export function createAddressWatch({ clock, random, network }: WatchNeeds): AddressWatch {
  const draws = random.fork('address watch')
  const beside = new Subject<void>()
  let failedMs = Number.NEGATIVE_INFINITY
  let lookedMs = Number.NEGATIVE_INFINITY

  return {
    changes$: defer(() => {
      let before = network.ownHosts()
      return merge(jitteredInterval(clock, draws, ADDRESS_WATCH), beside.pipe(filter(() => clock.now() - failedMs < ADDRESS_TROUBLE))).pipe(
        filter(() => clock.now() - lookedMs >= ADDRESS_GAP),
        map(() => {
          lookedMs = clock.now()
          const hosts = network.ownHosts()
          const isSame = hosts.join() === before.join()
          const lost = before.filter((host) => !hosts.includes(host))
          before = hosts
          return isSame ? null : { lost }
        }),
        filter((change) => change !== null),
      )
    }),
    around: (http) => ({
      request: async (address, request) => {
        beside.next()
        const answer = await http.request(address, request)
        if (isFailure(answer) && answer.reason !== 'withheld' && answer.reason !== 'aborted') {
          failedMs = clock.now()
          beside.next()
        }
        return answer
      },
    }),
  }
}
