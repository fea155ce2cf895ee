// The asked end: what members and other nodes may reach of this node's services over a channel, straight at the service's local end.
import type { ServiceSpec } from '../../answers.ts'
import { addressOf, parseAddress } from '../../domain/address.ts'
import { type Asker, mayReach } from '../../domain/service-reach.ts'
import { CONNECT_ASK_TIMEOUT, CONNECT_KEEPALIVE, CONNECT_SILENCE } from '../../domain/timings.ts'
import { toldAs, toldDomainOf } from '../../domain/told-domains.ts'
import {
  type AcceptedLink,
  bucketFor,
  createMux,
  DATAGRAM_OVER_LIMIT,
  LimitedLink,
  type Mux,
  type MuxStream,
  plainHost,
  proxyHeader,
  type TokenBucket,
  UdpUsers,
} from '../../frp/index.ts'
import type { Ports } from '../../ports.ts'
import {
  answerLine,
  CONNECT_BYTE,
  type ConnectAsk,
  DatagramReader,
  framed,
  MOST_TOLD_SERVICES,
  readAsk,
  type ToldService,
} from '../../v2/connect.ts'
import { isFailureOf } from '../services/carrier.ts'
import type { Services } from '../services/services.ts'
import { firstLine } from './ask-stream.ts'

export interface ServedConnects {
  /** A connection that begins with `CONNECT_BYTE`, over the members' channel. */
  accept(accepted: AcceptedLink): void
  /** What that node may reach. */
  servicesFor(id: string): readonly ToldService[]
  close(): void
}

interface ServedNeeds extends Pick<Ports, 'clock' | 'network'> {
  readonly services: Pick<Services, 'specs' | 'meter'>
  /** What is known of a node that asks. */
  readonly askerOf: (id: string) => Asker
  /** Those who carry a domain's users are believed who they carry. */
  readonly membersAreTrusted: boolean
  readonly onBug: (error: unknown) => void
}

const LOCAL_DIAL_TIMEOUT = 10_000
/** Channels of one node, and of all. */
const MOST_OF_ONE = 8
const MOST_SESSIONS = 512
/** Connections on one channel. */
const MOST_STREAMS = 1_024
/** Received and not yet taken by the services, of one channel. */
const HELD_MAX_BYTES = 32 << 20

/** What the asked service's users come from and to, for its PROXY header. */
interface Ends {
  readonly source: { readonly host: string; readonly port: number }
  readonly destination: { readonly host: string; readonly port: number }
}

export function createServedConnects({ clock, network, services, askerOf, membersAreTrusted, onBug }: ServedNeeds): ServedConnects {
  const sessions = new Map<Mux, string>()
  /** One for all connections of a service, while there are some. */
  const buckets = new Map<string, { readonly limit: string; readonly bucket: TokenBucket | null }>()

  const mayBeReached = ({ options }: ServiceSpec, asker: Asker): boolean =>
    mayReach({ isPrivate: options?.private === true, allow: options?.allow ?? [] }, asker)
  const limitOf = ({ name, options }: ServiceSpec): TokenBucket | null => {
    const limit = options?.limit ?? ''
    const known = buckets.get(name)
    if (known?.limit === limit) return known.bucket
    const bucket = bucketFor('client', { bandwidthLimit: limit, bandwidthLimitMode: '' }, clock)
    buckets.set(name, { limit, bucket })
    return bucket
  }
  const failed = ({ name }: ServiceSpec, why: string): void => services.meter(name)?.failed(why, clock.wallMs())

  /** The service that is asked for, or the refusal. */
  const find = (asked: ConnectAsk, asker: Asker): ServiceSpec | { readonly status: number; readonly error: string } => {
    if (asked.type === 'domain') {
      const [exact, ...wild] = toldAs(asked.scheme, asked.domain)
      const named = [exact, ...wild].flatMap((told) => services.specs().find((spec) => toldDomainOf(spec) === told) ?? [])
      return named[0] ?? { status: 404, error: `no service here answers for ${asked.domain}` }
    }
    const spec = services.specs().find(({ name }) => name === asked.service)
    if (spec === undefined || !mayBeReached(spec, asker))
      return { status: 404, error: `there is no service ${asked.service} here that you may reach` }
    const isUdp = spec.kind === 'udp'
    return isUdp === (asked.kind === 'udp') ? spec : { status: 409, error: `${spec.name} is a ${spec.kind} service` }
  }
  const refuse = (stream: MuxStream, status: number, error: string): void => {
    stream.write(answerLine({ status, error }))
    stream.onBytes = () => {}
    stream.end()
  }

  const serveTcp = async (stream: MuxStream, spec: ServiceSpec, rest: Buffer | null, ends: Ends): Promise<void> => {
    const limit = limitOf(spec)
    const before = { bytesIn: stream.bytesIn - (rest?.length ?? 0), bytesOut: 0 }
    let isGone = false
    stream.onGone = () => {
      isGone = true
    }
    const local = await network.dial(spec.local, { timeoutMs: LOCAL_DIAL_TIMEOUT, ...(limit === null ? { reader: stream.reader() } : {}) })
    stream.onGone = null
    if (isFailureOf(local)) {
      failed(spec, `nothing answers at ${spec.local}: ${local.text}`)
      return isGone ? undefined : refuse(stream, 502, `${spec.name} does not answer: ${local.text}`)
    }
    const { link, direct } = local
    link.on('error', () => failed(spec, `${spec.local} broke a connection off`))
    if (isGone) return void link.destroy()
    const version = spec.options?.proxyProtocol
    if (version !== undefined) link.write(proxyHeader(version, { ...ends, datagrams: false }))
    const said = answerLine({ status: 200, error: null })
    stream.write(said)
    before.bytesOut = stream.bytesOut
    const end = services.meter(spec.name)?.begin(() => ({
      bytesIn: stream.bytesIn - before.bytesIn,
      bytesOut: Math.max(0, stream.bytesOut - before.bytesOut),
    }))
    if (end) link.on('close', end)
    stream.relay(limit === null ? link : new LimitedLink(link, limit), { direct, rest, closeTogether: false })
  }

  const serveUdp = (stream: MuxStream, spec: ServiceSpec, rest: Buffer | null, { source }: Ends): void => {
    const limit = limitOf(spec)
    const user = `connect ${source.host} ${source.port} ${stream.id}`
    const passes = (direction: 'in' | 'out', bytes: Buffer): boolean => {
      if (limit?.admit(bytes.length) === false) {
        failed(spec, DATAGRAM_OVER_LIMIT)
        return false
      }
      services.meter(spec.name)?.datagram(direction, bytes.length, user, clock.now())
      return true
    }
    const users = new UdpUsers({
      clock,
      openDatagrams: (at, onDatagram) => network.openDatagrams(at, onDatagram),
      local: spec.local,
      withHeader: spec.options?.proxyProtocol !== undefined,
      toUser: (bytes) => {
        if (passes('out', bytes)) stream.write(framed(bytes))
      },
      onFail: (why) => failed(spec, why),
      onBug,
    })
    const datagrams = new DatagramReader()
    const end = (): void => {
      stream.onGone = null
      stream.onEnd = null
      stream.onBytes = null
      users.close()
      stream.reset()
    }
    const take = (bytes: Buffer): void => {
      const whole = datagrams.push(bytes)
      if (whole === null) return end()
      for (const datagram of whole) if (passes('in', datagram)) users.toService(datagram, source)
    }
    stream.onGone = end
    stream.onEnd = end
    stream.urgent = true
    stream.write(answerLine({ status: 200, error: null }))
    if (rest !== null) take(rest)
    stream.onBytes = take
  }

  /** The user's end, as who carries it tells: believed of members alone. */
  const endsOf = (asked: ConnectAsk, { remote, local }: AcceptedLink): Ends => {
    const carrier = { source: plain(remote), destination: plain(local) }
    if (asked.type !== 'domain' || !membersAreTrusted) return carrier
    return { source: endOf(asked.from) ?? carrier.source, destination: endOf(asked.at) ?? carrier.destination }
  }
  const serve = async (stream: MuxStream, accepted: AcceptedLink, id: string): Promise<void> => {
    const line = await firstLine(stream, clock, CONNECT_ASK_TIMEOUT)
    const asked = line && readAsk(line.text)
    if (line === null) return stream.reset()
    if (asked === null) return refuse(stream, 400, 'this is no question that is understood here')
    const found = find(asked, askerOf(id))
    if ('status' in found) return refuse(stream, found.status, found.error)
    if (found.kind === 'udp') serveUdp(stream, found, line.rest, endsOf(asked, accepted))
    else await serveTcp(stream, found, line.rest, endsOf(asked, accepted))
  }

  /** One that carries nothing makes room, the oldest first. */
  const hasRoom = (): boolean => {
    if (sessions.size < MOST_SESSIONS) return true
    const idle = [...sessions.keys()].find((mux) => mux.streamCount === 0)
    idle?.close('others want its place')
    return idle !== undefined
  }

  return {
    accept: (accepted) => {
      const { member, first } = accepted
      const ofOne = [...sessions.values()].filter((id) => id === member).length
      if (member === undefined || first?.[0] !== CONNECT_BYTE || ofOne >= MOST_OF_ONE || !hasRoom()) return accepted.refuse()
      const mux = createMux({
        client: false,
        gather: accepted.tls,
        clock,
        keepaliveMs: CONNECT_KEEPALIVE,
        silenceMs: CONNECT_SILENCE,
        limits: { windowBudgetBytes: HELD_MAX_BYTES, heldMaxBytes: HELD_MAX_BYTES, maxStreams: MOST_STREAMS },
        onStream: (stream) => void serve(stream, accepted, member).catch(onBug),
        onClose: () => void sessions.delete(mux),
      })
      sessions.set(mux, member)
      const opened = accepted.open(mux.reader())
      mux.start(opened, first.length > 1 ? first.subarray(1) : null)
    },
    servicesFor: (id) => {
      const asker = askerOf(id)
      return services
        .specs()
        .filter((spec) => mayBeReached(spec, asker))
        .slice(0, MOST_TOLD_SERVICES)
        .map(({ name, kind, options }) => ({ name, kind, private: options?.private === true }))
    },
    close: () => {
      for (const mux of [...sessions.keys()]) mux.close('this node stops')
    },
  }
}

const plain = ({ host, port }: { readonly host: string; readonly port: number }) => ({ host: plainHost(host), port })

/** `host:0`: the port is not known. */
function endOf(text: string): { readonly host: string; readonly port: number } | null {
  const known = parseAddress(text)
  if (known !== null) return { host: known.host, port: known.port }
  const host = parseAddress(text.replace(/:0$/, ':1'))?.host
  return host === undefined ? null : { host, port: 0 }
}

/** As an ask names the end of a connection. */
export const endText = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  addressOf(plainHost(host), port) ?? addressOf(plainHost(host), 1)?.replace(/:1$/, ':0') ?? '127.0.0.1:0'
