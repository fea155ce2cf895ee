// A node that others can connect to needs no TURN for its services: it carries them itself. Once it is not reached any more, those who use
// them are left their time.
import type { Observable } from 'rxjs'
import { type EventObject, fromCallback } from 'xstate'
import { addressOf, parseAddress } from '../../domain/address.ts'
import type { OwnPortsCommand } from '../../machines/node-machine.ts'
import type { Carrier } from './carrier.ts'
import { createOwnPorts, type OpenedPort, type OwnPort, type OwnPortNeeds } from './own-ports.ts'
import { createRetiredPorts, type HeldPort } from './retired-ports.ts'
import type { Services } from './services.ts'

interface DirectNeeds extends Omit<OwnPortNeeds, 'meter'> {
  readonly services: Services
  /**
   * Where others reach this node without a TURN, `host:port`; null while
   * that is not proven. Whoever subscribes hears the present one first.
   */
  readonly publicAddress$: Observable<string | null>
  /** Users of ports that retire have so long to end their connections. */
  readonly patienceMs: number
}

type Ending = 'retire' | 'end'

/** `logic` carries the services while it is told to. */
export function createDirectServices({ services, publicAddress$, patienceMs, ...needs }: DirectNeeds) {
  const openPort = createOwnPorts({ ...needs, meter: (service) => services.meter(service) })

  const logic = fromCallback<OwnPortsCommand | EventObject, undefined>(({ receive }) => {
    const retired = createRetiredPorts({ clock: needs.clock, patienceMs, onBug: needs.onBug })
    const removals = services.changes$.subscribe(({ type, name }) => type === 'removed' && retired.drop(name))

    /** Carries them until what is answered is called. */
    const carry = (): ((ending: Ending) => void) => {
      const opened = new Map<HeldPort, (address: string | null) => void>()
      let publicAddress: string | null = null
      let ending: Ending = 'end'
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
          let held = retired.take(spec)
          let isClosed = false
          const holds = (one: HeldPort): void => {
            held = one
            one.hears.listener = listener
            opened.set(one, listener.opened)
            listener.opened(addressOfPort(one.own))
          }
          const open = async (): Promise<void> => {
            const hears: HeldPort['hears'] = { listener }
            const answer: OpenedPort = await openPort(spec, {
              served: (cause) => hears.listener?.served(cause),
              intercept: (bytes) => hears.listener?.intercept(bytes) ?? false,
            })
            if (answer.type === 'refused') return isClosed ? undefined : listener.refused(answer.cause)
            if (isClosed) return answer.close()
            holds({ own: answer, hears })
          }
          if (held !== null) holds(held)
          else open().catch(needs.onBug)
          return {
            close: () => {
              isClosed = true
              if (held === null) return
              opened.delete(held)
              if (ending === 'retire') retired.put(spec, held)
              else held.own.close().catch(needs.onBug)
            },
          }
        },
      }
      const watching = publicAddress$.subscribe((address) => {
        publicAddress = address
        for (const [{ own }, tell] of opened) tell(addressOfPort(own))
      })
      const leave = services.carriedBy(carrier)
      return (how) => {
        ending = how
        leave('this node is not reached directly any more')
        watching.unsubscribe()
      }
    }

    let end: ((ending: Ending) => void) | null = null
    receive(({ type }) => {
      if (type === 'ports.open') end ??= carry()
      if (type !== 'ports.retire') return
      end?.('retire')
      end = null
    })
    return () => {
      end?.('end')
      removals.unsubscribe()
      retired.close()
    }
  })
  return { logic }
}
