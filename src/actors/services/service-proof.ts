// One try to reach a service from outside. What was sent to its public address has to come out at its local end: for tcp, a
// connection that reached the local service, which for http and https has to name their domain; for udp, a datagram that
// reached this node, since a service need not answer one.
import type { ServiceSpec } from '../../answers.ts'
import { parseAddress } from '../../domain/address.ts'
import type { ServiceCause } from '../../domain/service-cause.ts'
import { SERVICE_PROOF_TIMEOUT } from '../../domain/timings.ts'
import { isFailure, type Ports } from '../../ports.ts'
import { isFailureOf } from './carrier.ts'
import { nameWithin } from './service-address.ts'

/** Datagrams get lost, and a TURN loses those that come before its work connection. */
const DATAGRAM_PERIOD = 250
/** Connections to a shared port come out at another member, and at this one in turn. */
const SHARED_PERIOD = 250

/** A try under way. */
export interface ServiceProof {
  /** A connection came through, and reached the local service (null) or not: that settles the try. */
  served(cause: ServiceCause | null): void
  /** A datagram of such a try came through: settles it if it is this one's. */
  arrived(bytes: Uint8Array): void
  /** Calls it off; `told` is not called. */
  end(): void
}

interface ProofOptions extends Pick<Ports, 'clock' | 'network'> {
  readonly spec: Pick<ServiceSpec, 'kind' | 'domain' | 'options'>
  /** Where it is tried, `host:port`. */
  readonly address: string
  /** What is sent to a udp service; null for the others. */
  readonly datagram: Uint8Array | null
  /** Called once, and not before this returns. Null: proven. */
  readonly told: (cause: ServiceCause | null) => void
  readonly onBug: (error: unknown) => void
}

export function startServiceProof({ clock, network, spec, address, datagram, told, onBug }: ProofOptions): ServiceProof {
  const abort = new AbortController()
  const { signal } = abort
  let again: unknown = null
  /** Closes what is open now. */
  let drop = (): void => {}
  const end = (): void => {
    abort.abort()
    clock.clearTimeout(timer)
    clock.clearTimeout(again)
    drop()
  }
  const settle = (cause: ServiceCause | null): void => {
    if (signal.aborted) return
    end()
    told(cause)
  }
  const timer = clock.setTimeout(() => settle({ type: 'silent', address }), SERVICE_PROOF_TIMEOUT)

  // A group's port is other members' too: connections are made until one comes out here.
  const isShared = spec.options?.group !== undefined
  const { tls, said } = openingOf(spec)
  const connect = async (): Promise<void> => {
    const opened = await network.dial(address, { timeoutMs: SERVICE_PROOF_TIMEOUT, signal, ...(tls ? { tls } : {}) })
    if (isFailureOf(opened)) return settle({ type: 'unreachable', address, why: opened.text })
    const { link } = opened
    link.on('error', () => {})
    if (signal.aborted) return void link.destroy()
    drop = () => void link.destroy()
    if (said !== '') link.write(Buffer.from(said))
    if (!isShared) return
    again = clock.setTimeout(() => {
      drop()
      connect().catch(onBug)
    }, SHARED_PERIOD)
  }
  const sendDatagrams = async (bytes: Uint8Array): Promise<void> => {
    const to = parseAddress(address)
    const opened = await network.openDatagrams(to?.host.includes(':') ? '[::]:0' : '0.0.0.0:0', () => {})
    if (isFailure(opened)) return settle({ type: 'not-tried', why: opened.text })
    if (signal.aborted) return void opened.close()
    drop = () => void opened.close()
    const send = (): void => {
      if (to !== null) opened.send(bytes, to)
      again = clock.setTimeout(send, DATAGRAM_PERIOD)
    }
    send()
  }
  const sent = datagram === null ? connect() : sendDatagrams(datagram)
  sent.catch(onBug)

  return {
    served: settle,
    arrived: (bytes) => {
      if (datagram !== null && Buffer.from(datagram).equals(bytes)) settle(null)
    },
    end,
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
