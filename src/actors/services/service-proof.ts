// A service counts as up only when what was sent to its public address has come out at its local end: for tcp, a connection
// that reached the local service, which for http and https has to name their domain; for udp, a datagram that reached this node, since a service need not answer one.
import type { ServiceSpec } from '../../answers.ts'
import { parseAddress } from '../../domain/address.ts'
import { isFailure, type Ports } from '../../ports.ts'
import type { ProbeDatagrams } from './probe-datagrams.ts'
import { nameWithin } from './service-address.ts'

const PROOF_TIMEOUT = 3_000
/** Datagrams get lost, and a TURN loses those that come before its work connection. */
const DATAGRAM_PERIOD = 250
/** Connections to a shared port come out at another member, and at this one in turn. */
const SHARED_PERIOD = 250

export interface ServiceProof {
  /**
   * Connects to `address`, or sends datagrams there, and waits for `served(proxy)` or `intercept(proxy, …)`. Null: proven; else
   * why not. `shared`: others have the address too, so it takes several connections until one comes out here. Default: no.
   */
  prove(proxy: string, address: string, service: Pick<ServiceSpec, 'kind' | 'domain'>, shared?: boolean): Promise<string | null>
  /** A connection came through for this proxy and reached its local end, or not. */
  served(proxy: string, error: string | null): void
  /** A datagram came through for this proxy; true: it is a proof's, and not for the service. */
  intercept(proxy: string, bytes: Uint8Array): boolean
  stop(): void
}

interface ProofNeeds extends Pick<Ports, 'clock' | 'network'> {
  readonly probes: ProbeDatagrams
}

export function createServiceProof({ clock, network, probes }: ProofNeeds): ServiceProof {
  const waiting = new Map<string, Set<(why: string | null) => void>>()

  /** Runs `send` and waits until the key's wait is settled; `send` answers how to end what it began. */
  const awaiting = async (key: string, send: (settle: (why: string) => void) => Promise<() => void>): Promise<string | null> => {
    let settle: (why: string | null) => void = () => {}
    const cameThrough = new Promise<string | null>((resolve) => {
      settle = resolve
    })
    const others = waiting.get(key) ?? new Set()
    waiting.set(key, others.add(settle))
    const timer = clock.setTimeout(() => settle('nothing came through to the public address in time'), PROOF_TIMEOUT)
    const end = await send(settle)
    const why = await cameThrough
    clock.clearTimeout(timer)
    others.delete(settle)
    if (others.size === 0) waiting.delete(key)
    end()
    return why
  }

  const connect =
    (address: string, { tls, said }: Opening, shared: boolean) =>
    async (settle: (why: string) => void) => {
      const abort = new AbortController()
      let timer: unknown = null
      let end = (): void => {}
      const dial = async (): Promise<void> => {
        const opened = await network.dial(address, { timeoutMs: PROOF_TIMEOUT, signal: abort.signal, ...(tls ? { tls } : {}) })
        if (isFailureOf(opened)) return settle(`its public address ${address} can't be connected to: ${opened.text}`)
        opened.link.on('error', () => {})
        if (abort.signal.aborted) return void opened.link.destroy()
        end = () => opened.link.destroy()
        if (said !== '') opened.link.write(Buffer.from(said))
        if (shared) timer = clock.setTimeout(again, SHARED_PERIOD)
      }
      const again = (): void => {
        end()
        void dial()
      }
      await dial()
      return () => {
        abort.abort()
        clock.clearTimeout(timer)
        end()
      }
    }

  const sendDatagrams = (address: string, probe: Uint8Array) => async (settle: (why: string) => void) => {
    const to = parseAddress(address)
    const opened = await network.openDatagrams(to?.host.includes(':') ? '[::]:0' : '0.0.0.0:0', () => {})
    if (isFailure(opened) || to === null) {
      settle(isFailure(opened) ? `no datagram can be sent to try it: ${opened.text}` : `${address} is no address`)
      return () => {}
    }
    let timer: unknown = null
    const send = (): void => {
      opened.send(probe, to)
      timer = clock.setTimeout(send, DATAGRAM_PERIOD)
    }
    send()
    return () => {
      clock.clearTimeout(timer)
      void opened.close()
    }
  }

  const settleAll = (key: string, why: string | null): void => {
    for (const settle of waiting.get(key) ?? []) settle(why)
  }
  const keyOf = (proxy: string, probe: Uint8Array): string => `${proxy} ${Buffer.from(probe).toString('hex')}`

  return {
    prove: (proxy, address, service, shared = false) => {
      if (service.kind !== 'udp') return awaiting(proxy, connect(address, openingOf(service), shared))
      const probe = probes.next()
      return awaiting(keyOf(proxy, probe), sendDatagrams(address, probe))
    },
    served: settleAll,
    intercept: (proxy, bytes) => {
      if (!probes.isOurs(bytes)) return false
      settleAll(keyOf(proxy, bytes), null)
      return true
    },
    stop: () => {
      for (const key of [...waiting.keys()]) settleAll(key, 'the tunnel ended')
    },
  }
}

/** What a user of the service begins with, where that decides whom it reaches. */
interface Opening {
  readonly tls: { readonly serverName: string } | null
  readonly said: string
}

function openingOf({ kind, domain }: Pick<ServiceSpec, 'kind' | 'domain'>): Opening {
  const name = nameWithin(domain ?? '')
  if (kind === 'https') return { tls: { serverName: name }, said: '' }
  return { tls: null, said: kind === 'http' ? `HEAD / HTTP/1.1\r\nHost: ${name}\r\nUser-Agent: moonwalk\r\nConnection: close\r\n\r\n` : '' }
}

type Dialled = Awaited<ReturnType<Ports['network']['dial']>>
export const isFailureOf = (answer: Dialled): answer is Extract<Dialled, { type: 'failed' }> => 'type' in answer && isFailure(answer)
