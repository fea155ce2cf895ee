// One of our ends of a tunnel in a process of its own, on the real sockets of a node, without the rest of it.
//
//   end-process.ts server                                       prints {"port":PORT}: the public port
//   end-process.ts client SERVERPORT LOCALPORT SETTINGS [N]     N clients (1) with a tcp proxy each; prints {"ports":[PORT…]}
//
// SETTINGS is JSON of `EndSettings`. The server takes every carrier by its first byte and needs none.
import { createFrpServer } from '../../src/frp/server/server.ts'
import { createNodeNetwork } from '../../src/io/network/node-network.ts'
import { createNodeHttp } from '../../src/io/network/peer-http.ts'
import { createNodeClock, createNodeRandom } from '../../src/io/node-clock.ts'
import { isFailure } from '../../src/ports.ts'
import { SERVER_DEFAULTS } from '../../test/frp/server-defaults.ts'
import { type EndSettings, startClient, tcpProxy } from '../../test/interop/our-ends.ts'

const [role, serverPort, localPort, settings = '{}', count = '1'] = process.argv.slice(2)
const say = (answer: object): void => void process.stdout.write(`${JSON.stringify(answer)}\n`)

// A profile is written only where the process ends by itself.
process.once('SIGTERM', () => process.exit(0))

if (role === 'server') await serve()
else await join(JSON.parse(settings) as EndSettings, Number(count))

async function serve(): Promise<void> {
  const random = createNodeRandom()
  const network = createNodeNetwork()
  const server = createFrpServer({
    ...SERVER_DEFAULTS,
    clock: createNodeClock(),
    randomBytes: (bytes) => random.bytes(bytes),
    listen: (address, onLink) => network.listen(address, onLink),
    tokens: () => ['bench'],
    maxPoolCount: 10,
    maxClients: 5_000,
  })
  const listening = await createNodeHttp().serve({
    address: '127.0.0.1:0',
    onRequest: async () => ({ status: 404, body: '' }),
    onFrp: (accepted) => server.accept(accepted),
  })
  if (isFailure(listening)) throw new Error(listening.text)
  say({ port: listening.port })
}

/** A few at a time: this is about clients that are there, not about a storm of them. */
async function join(end: EndSettings, clients: number): Promise<void> {
  const ports: number[] = []
  const one = async (name: string): Promise<void> => {
    const { client, facts } = startClient(Number(serverPort), end)
    await facts.next('client.loggedIn')
    client.openProxy(tcpProxy(name, Number(localPort)))
    const { remoteAddr } = await facts.next('client.proxyStarted')
    ports.push(Number(remoteAddr.split(':').at(-1)))
  }
  for (let begun = 0; begun < clients; begun += 20) {
    await Promise.all(Array.from({ length: Math.min(20, clients - begun) }, (_, i) => one(`bench-${process.pid}-${begun + i}`)))
  }
  say({ ports })
}
