// A port of this machine that stands for a service of another node.
import { CONNECT_FLOW_IDLE } from '../../domain/timings.ts'
import type { AcceptedLink, DatagramPort } from '../../frp/index.ts'
import { type Failure, isFailure, type Ports } from '../../ports.ts'
import { DatagramReader, framed, MAX_DATAGRAM_BYTES } from '../../v2/connect.ts'
import type { Reached } from './ask-stream.ts'
import type { ReachService } from './reach-service.ts'

export interface LocalPort {
  readonly type: 'open'
  readonly port: number
  /** Ends what runs over it; settles once it is free. */
  close(): Promise<void>
}

interface PortNeeds extends Pick<Ports, 'clock' | 'network'> {
  /** 0 picks one. */
  readonly port: number
  /** A new connection to the service. */
  readonly reach: () => Promise<Reached | Failure>
  /** The same over a way that has answered a moment ago; null: there is none. */
  readonly reachAtOnce: () => ReturnType<ReachService['reachAtOnce']>
  readonly onBug: (error: unknown) => void
}

const LOOPBACK = '127.0.0.1'

export async function openTcpPort({ network, port, reach, reachAtOnce, onBug }: PortNeeds): Promise<LocalPort | Failure> {
  const listening = await network.listen(`${LOOPBACK}:${port}`, (user) => {
    const atOnce = reachAtOnce()
    if (atOnce !== null) return follow(user, atOnce, onBug)
    const join = (reached: Reached | Failure): void => {
      if (reached.type !== 'open') return user.refuse()
      const { stream, rest } = reached
      const { link, direct } = user.open(stream.reader())
      if (user.first !== null) stream.write(user.first)
      stream.relay(link, { direct, rest, closeTogether: false })
    }
    reach().then(join).catch(onBug)
  })
  return isFailure(listening) ? listening : { type: 'open', port: listening.port, close: () => listening.close() }
}

/** What the user says goes out right behind the ask. */
function follow(
  user: AcceptedLink,
  { stream, reached }: NonNullable<ReturnType<ReachService['reachAtOnce']>>,
  onBug: (error: unknown) => void,
): void {
  const { link, direct } = user.open(stream.reader())
  let isJoined = false
  if (user.first !== null) stream.write(user.first)
  link.on('error', () => {}) // 'close' follows
  if (!direct)
    link.on('data', (bytes) => {
      if (!isJoined) stream.write(bytes)
    })
  const join = (answer: Reached | Failure): void => {
    isJoined = true
    if (answer.type === 'open') stream.relay(link, { direct, rest: answer.rest, closeTogether: false })
    else link.destroy()
  }
  reached.then(join).catch(onBug)
}

/** Users of a udp port at once: each is a stream of one channel, which holds so many that carry no stream of bytes. */
const MOST_FLOWS = 128
/** Datagrams of a user that wait for its stream. */
const MOST_EARLY = 32
/** Beyond it datagrams are lost, as in a router's queue. */
const MOST_UNSENT_BYTES = 1 << 20

interface Flow {
  /** Where its datagrams go; null while the service is being reached. */
  send: ((datagram: Buffer) => void) | null
  end: () => void
  usedAtMs: number
  readonly early: Buffer[]
}

/** Each user (host and port) has a stream of its own, so that the service tells them apart. */
export async function openUdpPort({ clock, network, port, reach, onBug }: PortNeeds): Promise<LocalPort | Failure> {
  const flows = new Map<string, Flow>()
  let socket: DatagramPort | null = null

  const begin = (key: string, user: { readonly host: string; readonly port: number }): Flow => {
    let stop = (): void => {}
    const flow: Flow = {
      send: null,
      usedAtMs: clock.now(),
      early: [],
      end: () => {
        clock.clearTimeout(timer)
        if (flows.get(key) === flow) flows.delete(key)
        stop()
        stop = () => {}
      },
    }
    const look = (): void => {
      const leftMs = flow.usedAtMs + CONNECT_FLOW_IDLE - clock.now()
      if (leftMs <= 0) flow.end()
      else timer = clock.setTimeout(look, leftMs)
    }
    let timer = clock.setTimeout(look, CONNECT_FLOW_IDLE)
    const join = (reached: Reached | Failure): void => {
      if (reached.type !== 'open') return flow.end()
      const { stream, rest } = reached
      if (flows.get(key) !== flow) return stream.reset()
      const datagrams = new DatagramReader()
      const take = (bytes: Buffer): void => {
        const whole = datagrams.push(bytes)
        if (whole === null) return flow.end()
        flow.usedAtMs = clock.now()
        for (const datagram of whole) socket?.send(datagram, user)
      }
      stop = () => {
        stream.onGone = null
        stream.reset()
      }
      flow.send = (datagram) => {
        if ((stream.unsentBytes ?? 0) <= MOST_UNSENT_BYTES) stream.write(framed(datagram))
      }
      stream.urgent = true
      stream.onEnd = flow.end
      stream.onGone = flow.end
      for (const datagram of flow.early.splice(0)) flow.send(datagram)
      if (rest !== null) take(rest)
      stream.onBytes = take
    }
    flows.set(key, flow)
    reach().then(join).catch(onBug)
    return flow
  }

  const opened = await network.openDatagrams(`${LOOPBACK}:${port}`, (datagram, user) => {
    const key = `${user.host} ${user.port}`
    if (datagram.length > MAX_DATAGRAM_BYTES || (!flows.has(key) && flows.size >= MOST_FLOWS)) return
    const flow = flows.get(key) ?? begin(key, user)
    flow.usedAtMs = clock.now()
    if (flow.send !== null) flow.send(datagram)
    else if (flow.early.length < MOST_EARLY) flow.early.push(datagram)
  })
  if (isFailure(opened)) return opened
  socket = opened
  const close = (): Promise<void> => {
    for (const flow of [...flows.values()]) flow.end()
    return opened.close()
  }
  return { type: 'open', port: opened.port, close }
}
