// Both ways in: the one public port, and a port on this machine alone for what comes through a tunnel.
import { addressOf, parseAddress } from '../../domain/address.ts'
import type { AcceptedLink, VhostFinder } from '../../frp/index.ts'
import { type Http, type InboundRequest, isFailure, type Listening, type Reply } from '../../ports.ts'
import type { OwnRecord } from '../membership/own-record.ts'
import type { Entrance } from './public-routes.ts'

export interface Entrances {
  /**
   * Opens both; `listen` is the public one's `host:port`, null where nothing is opened
   * to the outside. One sentence where a port can't be had.
   */
  open(): Promise<{ readonly type: 'opened'; readonly listen: string | null } | { readonly type: 'refused'; readonly text: string }>
  /** Settles once both ports are free. */
  close(): Promise<void>
  /** Where this node's HTTP answers to what comes through a tunnel. */
  innerAddress(): string
  /** The address that ports of this node's own are opened on. */
  bindHost(): string
}

interface EntranceNeeds {
  readonly http: Pick<Http, 'serve'>
  /** `host:port`; null: nothing is opened to the outside. */
  readonly listen: string | null
  readonly own: OwnRecord
  readonly routes: (request: InboundRequest, entrance: Entrance) => Promise<Reply>
  readonly acceptFrp: (accepted: AcceptedLink) => void
  /** Takes connections of other nodes to services of this one. */
  readonly acceptConnect: (accepted: AcceptedLink) => void
  readonly vhosts: VhostFinder
}

export function createEntrances({ http, listen, own, routes, acceptFrp, acceptConnect, vhosts }: EntranceNeeds): Entrances {
  const opened: { outer: Listening | null; inner: Listening | null } = { outer: null, inner: null }
  const close = async (): Promise<void> => {
    await Promise.all([opened.outer?.close(), opened.inner?.close()])
  }
  return {
    open: async () => {
      if (listen !== null) {
        const outer = await http.serve({
          address: listen,
          onRequest: (request) => routes(request, 'public'),
          onFrp: acceptFrp,
          onConnect: acceptConnect,
          vhosts,
        })
        if (isFailure(outer)) return { type: 'refused', text: `can't listen on ${listen}: ${outer.text}` }
        opened.outer = outer
        own.setListening(outer)
      }
      const inner = await http.serve({
        address: '127.0.0.1:0',
        isThroughTunnel: true,
        onRequest: (request) => routes(request, 'tunnel'),
        onConnect: acceptConnect,
      })
      if (isFailure(inner)) {
        await close()
        return { type: 'refused', text: `can't listen on this machine itself: ${inner.text}` }
      }
      opened.inner = inner
      return { type: 'opened', listen: opened.outer ? addressOf(opened.outer.host, opened.outer.port) : null }
    },
    close,
    innerAddress: () => `127.0.0.1:${opened.inner?.port ?? 0}`,
    bindHost: () => opened.outer?.host ?? parseAddress(listen ?? '')?.host ?? '127.0.0.1',
  }
}
