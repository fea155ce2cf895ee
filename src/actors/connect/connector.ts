// What a person connects to: services of other nodes, by a port of this machine.
import type { ConnectableAnswer, Connection, MoonwalkNode, Refusal } from '../../answers.ts'
import type { Row } from '../../domain/ip-table.ts'
import { addressesOf } from '../../domain/record.ts'
import { CONNECT_PATIENCE, CONNECT_STAGGER, SERVICES_TIMEOUT } from '../../domain/timings.ts'
import { type Failure, isFailure, type Ports } from '../../ports.ts'
import { MAX_SERVICES_BYTES, readToldServices, type ToldService } from '../../v2/connect.ts'
import type { PeerRequests } from '../membership/peer-requests.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'
import { watchConnection } from './connection-watch.ts'
import { type LocalPort, openTcpPort, openUdpPort } from './local-port.ts'
import { raceAddresses } from './race.ts'
import type { ReachService } from './reach-service.ts'

export interface Connector extends Pick<MoonwalkNode, 'connect' | 'connectable'> {
  /** Closes every port. */
  close(): void
}

interface ConnectorNeeds extends Pick<Ports, 'clock' | 'network'> {
  readonly self: string
  readonly keeper: Pick<TableKeeper, 'current' | 'changes$'>
  /** A row by id, start of one, or name; or the sentence why not. */
  readonly find: (peer: string) => Row | string
  readonly http: PeerRequests
  readonly service: ReachService
  readonly onBug: (error: unknown) => void
}

/** Peers asked at once for what they have, and in all. */
const ASKED_AT_ONCE = 16
const MOST_ASKED = 512
/** Ports open at once. */
const MOST_PORTS = 1_024

const refused = (text: string): Refusal => ({ type: 'refused', text })

export function createConnector({
  clock,
  network,
  self,
  keeper,
  find,
  http,
  service: { reach, reachAtOnce },
  onBug,
}: ConnectorNeeds): Connector {
  const ports = new Set<LocalPort>()
  let isClosed = false

  /** What a node has for this one. */
  const servicesOf = async ({ record }: Row): Promise<{ readonly type: 'told'; readonly services: readonly ToldService[] } | Failure> => {
    const won = await raceAddresses({
      clock,
      addresses: addressesOf(record),
      staggerMs: CONNECT_STAGGER,
      attempt: async (address, signal) => {
        const answer = await http.request(address, {
          method: 'GET',
          path: '/v2/services',
          over: 'channel',
          ...(record.id === null ? {} : { expect: record.id }),
          timeoutMs: SERVICES_TIMEOUT,
          maxBytes: MAX_SERVICES_BYTES,
          signal,
        })
        if (isFailure(answer)) return answer
        const services = answer.status === 200 ? readToldServices(answer.body) : null
        return services === null ? OLDER : { type: 'told' as const, services }
      },
      drop: () => {},
    })
    return isFailure(won) ? won : won.outcome
  }

  const connect: Connector['connect'] = async (target, port = 0): Promise<Connection | Refusal> => {
    const slash = target.lastIndexOf('/')
    const [peer, name] = [target.slice(0, Math.max(0, slash)), target.slice(slash + 1)]
    if (slash < 1 || name === '')
      return refused(`${target} is not NODE/SERVICE, such as home/web; \`moonwalk connect\` lists what there is`)
    const row = find(peer)
    if (typeof row === 'string') return refused(row)
    const { id, name: nodeName } = row.record
    if (id === null) return refused(`${nodeName} is a P2PRC node, which has no services to connect to`)
    if (id === self) return refused(`${nodeName} is this node itself; ask the service where it listens`)
    const told = await servicesOf(row)
    if (isFailure(told)) return refused(`${nodeName} does not answer now: ${told.text}`)
    const service = told.services.find((one) => one.name === name)
    if (service === undefined) return refused(noService(nodeName, name, told.services))
    if (isClosed || ports.size >= MOST_PORTS)
      return refused(isClosed ? 'this node stops' : 'too many ports are open for services of others')
    const kind = service.kind === 'udp' ? 'udp' : 'tcp'
    const open = kind === 'udp' ? openUdpPort : openTcpPort
    const watch = watchConnection({ id, name: nodeName, service: name }, keeper)
    const opened = await open({
      ...{ clock, network, port, onBug },
      reach: async () => watch.tried(await reach(id, { type: 'service', service: name, kind }, CONNECT_PATIENCE)),
      reachAtOnce: () => {
        const atOnce = reachAtOnce(id, { type: 'service', service: name, kind })
        if (atOnce === null) return null
        // Where the way has died just now this connection ends, and the next one is tried by every other way.
        const reached = atOnce.reached.then((outcome) => (isFailure(outcome) ? outcome : watch.tried(outcome)))
        return { stream: atOnce.stream, reached }
      },
    })
    if (isFailure(opened)) {
      watch.stop()
      return refused(`can't open port ${port} of this machine: ${opened.text}`)
    }
    ports.add(opened)
    let ended: Promise<void> | null = null
    const close = (): Promise<void> => {
      ports.delete(opened)
      watch.stop()
      ended ??= opened.close()
      return ended
    }
    return {
      type: 'connected',
      node: { id, name: nodeName },
      service: name,
      kind: service.kind,
      address: `127.0.0.1:${opened.port}`,
      onNews: watch.onNews,
      close,
    }
  }

  const connectable = async (): Promise<ConnectableAnswer> => {
    const rows = [...keeper.current().rows.values()]
      .filter(({ record, state }) => record.id !== null && record.id !== self && state !== 'unknown')
      .sort((a, b) => (a.record.name < b.record.name ? -1 : 1))
      .slice(0, MOST_ASKED)
    const found: { readonly row: Row; readonly told: Awaited<ReturnType<typeof servicesOf>> }[] = []
    const left = [...rows]
    const ask = async (): Promise<void> => {
      for (let row = left.shift(); row !== undefined; row = left.shift()) found.push({ row, told: await servicesOf(row) })
    }
    await Promise.all(Array.from({ length: ASKED_AT_ONCE }, ask))
    found.sort((a, b) => rows.indexOf(a.row) - rows.indexOf(b.row))
    const nodeOf = ({ record }: Row) => ({ id: record.id ?? '', name: record.name })
    return {
      schemaVersion: 1,
      services: found.flatMap(({ row, told }) =>
        isFailure(told)
          ? []
          : told.services.map(({ name, kind, private: isPrivate }) => ({ node: nodeOf(row), name, kind, private: isPrivate })),
      ),
      silent: found.flatMap(({ row, told }) => (isFailure(told) ? [{ ...nodeOf(row), error: told.text }] : [])),
    }
  }

  return {
    connect,
    connectable,
    close: () => {
      isClosed = true
      for (const port of ports) void port.close().catch(onBug)
      ports.clear()
    },
  }
}

const OLDER: Failure = { type: 'failed', reason: 'protocol', text: 'it does not tell of its services: it may be an older moonwalk' }

function noService(node: string, name: string, services: readonly ToldService[]): string {
  const others = services.map((one) => one.name)
  const there =
    others.length === 0 ? 'it has none for this node' : `there are ${others.slice(0, 8).join(', ')}${others.length > 8 ? ' …' : ''}`
  return `${node} has no service ${name} that this node may reach; ${there}`
}
