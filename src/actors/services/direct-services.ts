// A node that others can connect to needs no TURN for its services: it carries them itself.
import type { Observable } from 'rxjs'
import { type EventObject, fromCallback } from 'xstate'
import { addressOf, parseAddress } from '../../domain/address.ts'
import type { Carrier } from './carrier.ts'
import { createOwnPorts, type OpenedPort, type OwnPort, type OwnPortNeeds } from './own-ports.ts'
import type { Services } from './services.ts'

interface DirectNeeds extends Omit<OwnPortNeeds, 'meter'> {
  readonly services: Services
  /**
   * Where others reach this node without a TURN, `host:port`; null while
   * that is not proven. Says the present one to who subscribes.
   */
  readonly publicAddress$: Observable<string | null>
}

/** `logic` carries the services for as long as it runs. */
export function createDirectServices({ services, publicAddress$, ...needs }: DirectNeeds) {
  const openPort = createOwnPorts({ ...needs, meter: (service) => services.meter(service) })

  const logic = fromCallback<EventObject, undefined>(() => {
    const opened = new Map<OwnPort, (address: string | null) => void>()
    let publicAddress: string | null = null
    /** A service's address: the node's with the service's own port, or the node's own where a domain shares the public port. */
    const addressOfPort = ({ type, port }: OwnPort): string | null => {
      const host = parseAddress(publicAddress ?? '')?.host
      return host === undefined ? null : type === 'shared' ? publicAddress : addressOf(host, port)
    }
    const carrier: Carrier = {
      key: null,
      name: 'direct',
      isOnlyWay: false,
      open: (spec, listener) => {
        let own: OwnPort | null = null
        let isClosed = false
        const heard = (answer: OpenedPort): void => {
          if (answer.type === 'refused') return isClosed ? undefined : listener.refused(answer.cause)
          if (isClosed) return void answer.close()
          own = answer
          opened.set(answer, listener.opened)
          listener.opened(addressOfPort(answer))
        }
        openPort(spec, listener).then(heard).catch(needs.onBug)
        return {
          close: () => {
            isClosed = true
            if (own === null) return
            opened.delete(own)
            void own.close()
          },
        }
      },
    }
    const watching = publicAddress$.subscribe((address) => {
      publicAddress = address
      for (const [port, tell] of opened) tell(addressOfPort(port))
    })
    const end = services.carriedBy(carrier)
    return () => {
      end('this node is not reached directly any more')
      watching.unsubscribe()
    }
  })
  return { logic }
}
