// The client's ends of channels that reach services: one for each node and address, shared by all connections that go that way.
import type { AddressPolicy } from '../../domain/address.ts'
import { isAllowedIp } from '../../domain/address.ts'
import { CONNECT_FRESH, CONNECT_IDLE, CONNECT_TRY_TIMEOUT, TUNNEL_KEEPALIVE, TUNNEL_SILENCE } from '../../domain/timings.ts'
import { createMux, type Mux, type MuxStream } from '../../frp/index.ts'
import type { Failure, Ports } from '../../ports.ts'
import { CONNECT_BYTE } from '../../v2/connect.ts'
import { isFailureOf } from '../services/carrier.ts'

export interface PeerSessions {
  /** A new stream to that node at that address: over the channel that stands there, or a new one. */
  open(id: string, address: string): Promise<{ readonly type: 'stream'; readonly stream: MuxStream } | Failure>
  /** The same where the channel stands and an ask on it was answered within `CONNECT_FRESH`; else null. */
  openFresh(id: string, address: string): MuxStream | null
  /** Whether a channel stands there; it stands for `CONNECT_IDLE` more. */
  keep(id: string, address: string): boolean
  /** Has one stand there for later. The failure, where none can be had. */
  standBy(id: string, address: string): Promise<Failure | null>
  /** An ask was answered there just now. */
  answered(id: string, address: string): void
  /** Ends all, and everything on them. Later ones fail. */
  close(): void
}

interface SessionNeeds extends Pick<Ports, 'clock' | 'network'> {
  readonly policy: AddressPolicy
}

/** `touch`: it is wanted for `CONNECT_IDLE` more. */
interface Session {
  readonly type: 'session'
  readonly mux: Mux
  readonly touch: () => void
}
type Opened = Session | Failure

export function createPeerSessions({ clock, network, policy }: SessionNeeds): PeerSessions {
  const opening = new Map<string, Promise<Opened>>()
  const standing = new Map<string, Session>()
  const answeredAtMs = new WeakMap<Mux, number>()
  let isClosed = false

  const dial = async (key: string, id: string, address: string): Promise<Opened> => {
    const mux = createMux({
      client: true,
      gather: true, // the channel is TLS
      clock,
      keepaliveMs: TUNNEL_KEEPALIVE,
      silenceMs: TUNNEL_SILENCE,
      onStream: (stream) => stream.reset(), // nobody is asked for anything that way
      onClose: () => {
        clock.clearTimeout(idle)
        if (standing.get(key)?.mux === mux) standing.delete(key)
      },
    })
    const outside: Failure = { type: 'failed', reason: 'withheld', text: `${address} is outside the addresses this node may contact` }
    const opened = await network.dial(address, {
      timeoutMs: CONNECT_TRY_TIMEOUT,
      member: id,
      reader: mux.reader(),
      admit: async (ip) => (isAllowedIp(ip, policy) ? null : outside),
    })
    if (isFailureOf(opened)) return opened
    opened.link.write(Buffer.from([CONNECT_BYTE]))
    mux.start(opened, null)
    if (isClosed) mux.close('this node stops')
    let wasUsed = true
    let idle: unknown = null
    const watch = (): void => {
      if (mux.closed) return
      if (mux.streamCount === 0 && !wasUsed) return mux.close('nobody uses it')
      wasUsed = mux.streamCount > 0
      idle = clock.setTimeout(watch, CONNECT_IDLE)
    }
    watch()
    const touch = (): void => {
      wasUsed = true
    }
    const session: Session = { type: 'session', mux, touch }
    if (!mux.closed) standing.set(key, session)
    return session
  }

  const sessionTo = async (id: string, address: string): Promise<Opened> => {
    const key = `${id} ${address}`
    const stands = standing.get(key)
    if (stands !== undefined) return stands
    const dialling = opening.get(key) ?? dial(key, id, address)
    opening.set(key, dialling)
    try {
      return await dialling
    } finally {
      if (opening.get(key) === dialling) opening.delete(key)
    }
  }

  return {
    open: async (id, address) => {
      const session = isClosed ? STOPPED : await sessionTo(id, address)
      if (session.type === 'failed') return session
      const stream = session.mux.open()
      return stream === null ? FULL : { type: 'stream', stream }
    },
    keep: (id, address) => {
      const session = standing.get(`${id} ${address}`)
      session?.touch()
      return session !== undefined
    },
    standBy: async (id, address) => {
      const session = isClosed ? STOPPED : await sessionTo(id, address)
      return session.type === 'failed' ? session : null
    },
    openFresh: (id, address) => {
      const mux = standing.get(`${id} ${address}`)?.mux
      const isFresh = mux !== undefined && clock.now() - (answeredAtMs.get(mux) ?? Number.NEGATIVE_INFINITY) <= CONNECT_FRESH
      return isFresh ? mux.open() : null
    },
    answered: (id, address) => {
      const mux = standing.get(`${id} ${address}`)?.mux
      if (mux) answeredAtMs.set(mux, clock.now())
    },
    close: () => {
      isClosed = true
      for (const { mux } of [...standing.values()]) mux.close('this node stops')
    },
  }
}

const STOPPED: Failure = { type: 'failed', reason: 'aborted', text: 'this node stops' }
const FULL: Failure = { type: 'failed', reason: 'refused', text: 'too many connections go that way' }
