// Our two ends of a tunnel on real sockets, without the rest of the node.
import { isOwnHost } from '../../src/domain/own-host.ts'
import { createFrpClient } from '../../src/frp/client/client.ts'
import type { FrpClient, FrpClientFact, FrpServerFact, FrpServerOptions, ProxySpec } from '../../src/frp/contract.ts'
import { createFrpServer } from '../../src/frp/server/server.ts'
import { Vhosts } from '../../src/frp/web/vhosts.ts'
import { createNodeNetwork } from '../../src/io/network/node-network.ts'
import { createNodeHttp } from '../../src/io/network/peer-http.ts'
import { createNodeClock, createNodeRandom } from '../../src/io/node-clock.ts'
import { isFailure } from '../../src/ports.ts'
import { SERVER_DEFAULTS } from '../frp/server-defaults.ts'

const clock = createNodeClock()
const random = createNodeRandom()
const network = createNodeNetwork()

/** Facts as they come; `next` settles with the first of a type, from the past too. */
class Facts<F extends { readonly type: string }> {
  readonly all: F[] = []
  #waiting = new Set<() => void>()
  tell = (fact: F): void => {
    this.all.push(fact)
    for (const look of this.#waiting) look()
  }
  next<T extends F['type']>(type: T, after = 0): Promise<Extract<F, { type: T }>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${type} within 20 s; there was ${JSON.stringify(this.all)}`)), 20_000)
      const look = (): void => {
        const found = this.all.slice(after).find((fact) => fact.type === type)
        if (!found) return
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve(found as Extract<F, { type: T }>)
      }
      this.#waiting.add(look)
      look()
    })
  }
}

export interface EndSettings {
  readonly mux: boolean
  readonly tls: 'off' | '0x16' | '0x17'
  readonly token: string
  readonly peerIsOurs: boolean
  /** 1 by default. */
  readonly wire?: 1 | 2
}

export function startClient(
  serverPort: number,
  { mux, tls, token, peerIsOurs, wire = 1 }: EndSettings,
  runId = '',
): { readonly client: FrpClient; readonly facts: Facts<FrpClientFact> } {
  const facts = new Facts<FrpClientFact>()
  const client = createFrpClient({
    clock,
    randomBytes: (count) => random.bytes(count),
    dialServer: (reader) =>
      network.dial(`127.0.0.1:${serverPort}`, {
        timeoutMs: 5_000,
        ...(reader ? { reader } : {}),
        ...(tls === 'off' ? {} : { tls: { announce: tls === '0x17' } }),
      }),
    dialLocal: (target, reader) => network.dial(target, { timeoutMs: 5_000, ...(reader ? { reader } : {}) }),
    openDatagrams: network.openDatagrams,
    token,
    mux,
    tls: tls !== 'off',
    wire,
    poolCount: peerIsOurs ? 10 : 1,
    runId,
    keepaliveMs: 10_000,
    silenceMs: 10_000,
    peerIsOurs,
    tell: facts.tell,
  })
  client.start()
  return { client, facts }
}

export const tcpProxy = (
  name: string,
  localPort: number,
  remotePort = 0,
  operatorChanges: { encrypted?: boolean; compressed?: boolean } = {},
): ProxySpec => ({
  name,
  type: 'tcp',
  local: `127.0.0.1:${localPort}`,
  remotePort,
  customDomains: [],
  useEncryption: operatorChanges.encrypted ?? false,
  useCompression: operatorChanges.compressed ?? false,
})

/** Of a proxy's public address, as a server tells it. */
export const portOf = (remoteAddr: string): number => Number(remoteAddr.split(':').at(-1))

export const udpProxy = (...given: Parameters<typeof tcpProxy>): ProxySpec => ({ ...tcpProxy(...given), type: 'udp' })

/** A proxy for a domain instead of a port. */
export const domainProxy = (type: 'http' | 'https', domain: string, ...given: Parameters<typeof tcpProxy>): ProxySpec => ({
  ...tcpProxy(...given),
  type,
  customDomains: [domain],
})

export interface OurServer {
  readonly port: number
  readonly server: ReturnType<typeof createFrpServer>
  readonly facts: Facts<FrpServerFact>
  close(): Promise<void>
}

/** Our server on the public port of a node, told apart from HTTP by the first byte. */
export async function startServer(token: string, options: Partial<FrpServerOptions> = {}): Promise<OurServer> {
  const facts = new Facts<FrpServerFact>()
  let port = 0
  const vhosts = new Vhosts({ port: () => port, isOwn: (host) => isOwnHost(host, []), subdomainHost: null })
  const server = createFrpServer({
    ...SERVER_DEFAULTS,
    clock,
    randomBytes: (count) => random.bytes(count),
    listen: (address, onLink) => network.listen(address, onLink),
    vhosts,
    openDatagrams: network.openDatagrams,
    tokens: () => [token],
    tell: facts.tell,
    ...options,
  })
  const http = createNodeHttp()
  const listening = await http.serve({
    address: '127.0.0.1:0',
    onRequest: async () => ({ status: 404, body: '' }),
    vhosts,
    onFrp: (accepted) => server.accept(accepted),
  })
  if (isFailure(listening)) throw new Error(listening.text)
  port = listening.port
  return {
    port: listening.port,
    server,
    facts,
    close: async () => {
      await server.close('the test is over')
      await listening.close()
      http.close()
    },
  }
}
