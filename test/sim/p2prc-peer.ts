// A peer that speaks P2PRC and nothing else, with the habits of the Go program: it pings row after row before it answers, it
// forgets whoever fails once, it asks others only when it starts, and each `/FRPPort` is a new frps.
import { formatWireTable, NO_P2PRC_FIELDS, parseWireTable, type WireRecord } from '../../src/p2prc/wire-table.ts'
import { isFailure } from '../../src/ports.ts'
import { serveFrps } from './frps.ts'
import type { World, WorldPorts } from './world.ts'

/** Go's dial gives up after this; its requests never do. */
const REQUEST_TIMEOUT = 30_000
const FRPS_PORTS = { first: 40_000, last: 40_999 }
const INFO = JSON.stringify({ Hostname: 'p2prc', Platform: 'linux', CPU: '', RAM: 0, Disk: 0, GPU: null })

export interface P2prcPeer {
  /** It has started and is through with asking everybody: until then, 30 s for each row that is gone, it may have spoken to nobody. */
  hasIntroducedItself(): boolean
}

/** `seeds`: `host:port` of whom its table has at first. The table outlives its restarts. */
export function p2prcPeer(world: World, name: string, port: number, seeds: readonly string[]): P2prcPeer {
  let introduced = false
  let rows: readonly WireRecord[] = seeds.map((seed) => recordAt(seed))
  const live = (ports: WorldPorts): void => {
    const { http, random, network } = ports
    introduced = false
    let nextFrps = FRPS_PORTS.first
    const own = (): WireRecord => ({ ...recordAt(`${network.ownHosts()[0]}:${port}`), name })

    const answers = async (row: WireRecord): Promise<boolean> => {
      const answer = await http.request(addressOf(row), { method: 'GET', path: '/server_info', timeoutMs: REQUEST_TIMEOUT })
      return !isFailure(answer) && answer.status === 200
    }
    const living = async (all: readonly WireRecord[]): Promise<readonly WireRecord[]> => {
      const kept: WireRecord[] = []
      for (const row of all) if (await answers(row)) kept.push(row)
      return kept
    }
    /** What was posted goes first, and stands in place of what was known. */
    const merge = async (posted: readonly WireRecord[]): Promise<void> => {
      rows = await living(distinct([...posted, ...rows]).filter((row) => addressOf(row) !== addressOf(own())))
    }
    const post = async (address: string): Promise<void> => {
      const boundary = Buffer.from(random.bytes(12)).toString('hex')
      const part = 'Content-Disposition: form-data; name="json"; filename="/root/p2p/iptable/ip_table.json"'
      const text = `--${boundary}\r\n${part}\r\n\r\n${formatWireTable([...rows, own()])}\r\n--${boundary}--\r\n`
      const answer = await http.request(address, {
        method: 'POST',
        path: '/IpTable',
        headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
        body: Buffer.from(text),
        timeoutMs: REQUEST_TIMEOUT,
      })
      if (!isFailure(answer)) await merge(parseWireTable(answer.body.toString('utf8')))
    }
    const update = async (): Promise<void> => {
      const visited = new Set<string>()
      for (let round = 0; round < 2; round++)
        for (const address of rows.map(addressOf)) {
          if (visited.has(address)) continue
          visited.add(address)
          await post(address)
        }
    }

    void http.serve({
      address: `0.0.0.0:${port}`,
      onRequest: async (request) => {
        const route = `${request.method} ${request.path}`
        if (route === 'GET /server_info') return { status: 200, headers: { 'content-type': 'application/json' }, body: INFO }
        if (route === 'POST /IpTable') {
          const part = await request.filePart('json', 1 << 20)
          if (!part) return { status: 200, body: 'http: no such file' }
          await merge(parseWireTable(part.content.toString('utf8')))
          return { status: 200, body: formatWireTable([...rows, own()]) }
        }
        if (route === 'GET /FRPPort') {
          const frpsPort = nextFrps++
          // The port is told before it is open.
          ports.clock.setTimeout(() => serveFrps(ports, frpsPort, ''), 1_000)
          return { status: 200, body: String(frpsPort) }
        }
        return { status: 404, body: '404 page not found' }
      },
    })
    // It prunes its table before it asks anybody.
    void living(rows)
      .then((kept) => {
        rows = kept
        return update()
      })
      .then(() => {
        introduced = true
      })
  }
  live(world.ports(name))
  world.onRestart(name, live)
  return { hasIntroducedItself: () => introduced }
}

const addressOf = ({ ipv4, serverPort }: WireRecord): string => `${ipv4}:${serverPort}`

const recordAt = (address: string): WireRecord => {
  const [ipv4 = '', serverPort = ''] = address.split(':')
  return { ...NO_P2PRC_FIELDS, name: '', ipv4, serverPort, latencyMs: null, downMbps: null, upMbps: null }
}

const distinct = (all: readonly WireRecord[]): readonly WireRecord[] =>
  [...new Map(all.toReversed().map((row) => [addressOf(row), row])).values()].reverse()
