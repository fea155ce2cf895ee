// A TURN on its public port that carries a tunnel, in a time of its own: what strangers do beside it is not to be noticed.
import { createFrpClient } from '../../src/frp/client/client.ts'
import type { FrpClient, FrpClientFact } from '../../src/frp/contract.ts'
import { createFrpServer } from '../../src/frp/server/server.ts'
import { createNodeNetwork } from '../../src/io/network/node-network.ts'
import { createNodeRandom } from '../../src/io/node-clock.ts'
import { frpClock } from '../frp/frp-clock.ts'
import { PROXY } from '../frp/frp-world.ts'
import { SERVER_DEFAULTS } from '../frp/server-defaults.ts'
import { type Echo, roundTrip, startEcho } from '../interop/far-ends.ts'
import type { VirtualClock } from '../sim/virtual-clock.ts'
import { openPort } from './loopback.ts'

const network = createNodeNetwork()
const random = createNodeRandom()
const frp = { randomBytes: (count: number) => random.bytes(count), token: 'secret', keepaliveMs: 0, silenceMs: 0 }

/** Looks again and again, for 15 s at the most. */
export async function eventually(fact: () => boolean): Promise<boolean> {
  const deadline = performance.now() + 15_000
  while (!fact() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5))
  return fact()
}

/** What the process holds: sockets of all kinds, the TURN's timers, and what the TURN says of itself. */
export interface Holdings {
  readonly sockets: number
  readonly timers: number
  readonly pendingLogins: number
  readonly ports: number
  readonly sessions: number
}

export interface Turn {
  readonly port: number
  readonly clock: VirtualClock
  /** Where the users of the tunnel come; what they say is echoed. */
  readonly tunnelPort: number
  /** Of the tunnel at rest, before any stranger came. */
  readonly before: Holdings
  now(): Holdings
  /** What is held as soon as it is what it was before, or after 15 s. */
  atRest(): Promise<Holdings>
  /** One more client with a tunnel of its own. */
  tunnel(name: string): Promise<{ readonly client: FrpClient; readonly port: number }>
  close(): Promise<void>
}

/** `firstMs`: how long a stranger may say nothing, in real time. */
export async function startTurn(firstMs: number): Promise<Turn> {
  const clock = frpClock()
  const server = createFrpServer({
    ...SERVER_DEFAULTS,
    ...frp,
    tokens: () => [frp.token],
    clock,
    listen: (address, onLink) => network.listen(address, onLink),
    maxClients: 10,
  })
  const door = await openPort({ onFrp: (accepted) => server.accept(accepted), firstMs })
  const echo = await startEcho()
  const now = (): Holdings => ({
    sockets: process.getActiveResourcesInfo().filter((kind) => /^(TCPSocketWrap|TLSWrap|TCPServerWrap)$/.test(kind)).length,
    timers: clock.timerCount,
    pendingLogins: server.figures().pendingLogins,
    ports: server.figures().portsTaken,
    sessions: server.sessionCount,
  })
  const tunnel = (name: string) => startTunnel({ clock, turnPort: door.port, echo, name })
  const { client, port: tunnelPort } = await tunnel('healthy')
  const { sockets } = now()
  await isWhole(tunnelPort)
  if (!(await eventually(() => client.connectionsNow === 0 && now().sockets === sockets)))
    throw new Error('the tunnel does not come to rest')
  await clock.advance(0)
  const before = now() // with the timer that a mux keeps once a stream has ended on it
  return {
    port: door.port,
    clock,
    tunnelPort,
    before,
    now,
    atRest: async () => {
      await eventually(() => JSON.stringify(now()) === JSON.stringify(before))
      return now()
    },
    tunnel,
    close: async () => {
      client.end('the test is over')
      await server.close('the test is over')
      await door.close()
      await echo.close()
    },
  }
}

interface TunnelWish {
  readonly clock: VirtualClock
  readonly turnPort: number
  readonly echo: Echo
  readonly name: string
}

function startTunnel({ clock, turnPort, echo, name }: TunnelWish): ReturnType<Turn['tunnel']> {
  return new Promise((resolve, reject) => {
    const tell = (fact: FrpClientFact): void => {
      if (fact.type === 'client.proxyStarted') resolve({ client, port: Number(fact.remoteAddr.slice(1)) })
      if (fact.type === 'client.closed') reject(new Error(fact.why))
    }
    const client = createFrpClient({
      ...frp,
      clock,
      dialServer: (reader) => network.dial(`127.0.0.1:${turnPort}`, { timeoutMs: 5_000, ...(reader ? { reader } : {}) }),
      dialLocal: (target, reader) => network.dial(target, { timeoutMs: 5_000, ...(reader ? { reader } : {}) }),
      mux: true,
      tls: false,
      wire: 1,
      poolCount: 1,
      runId: '',
      peerIsOurs: true,
      tell,
    })
    client.start()
    client.openProxy({ ...PROXY, name, local: `127.0.0.1:${echo.port}` })
  })
}

/** Whether 100,000 bytes come back as they were sent. */
export async function isWhole(port: number): Promise<boolean> {
  const { sent, back } = await roundTrip(port, 100_000)
  return back === sent
}
