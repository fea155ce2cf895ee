// How long a service is away when the server that carries it goes: stock frp with its one server, and moonwalk with two TURNs. Every
// way is on loopback; a user tries on a new connection every 10 ms. `test/namespaces/failover.test.ts` has more ways to go, with NAT.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Child } from '../src/cli/demo/child.ts'
import { freePorts } from '../src/cli/demo/free-ports.ts'
import { answers, startService } from '../src/cli/demo/probe-service.ts'
import { startFrpc, startFrps, type Version } from '../test/interop/stock.ts'
import { type Figure, type Goal, median, type Part, progress, quantile, shown } from './measure.ts'
import { onStage, pause, program, type Stage } from './nodes.ts'

const STOCK: Version = '0.71.0'
const SETTINGS = { mux: true, tls: true, token: 'bench' }
const LOOK_MS = 10
/** Stock's client takes up to 68 s to notice that its server is silent. */
const MOST_MS = 150_000
const SILENT_ROUNDS = 2

export const failoverPart: Part = async ({ rounds, short }) => {
  const service = await startService()
  const count = short ? 1 : rounds
  const stock = { restarted: [] as number[], silent: [] as number[] }
  const ours = { killed: [] as Outage[], silent: [] as Outage[] }
  try {
    for (let round = 0; round < count; round++) {
      stock.restarted.push(await stockRestarted(service.port))
      ours.killed.push(await onStage((stage) => turnGone(stage, service.port, 'SIGKILL')))
      ours.silent.push(await onStage((stage) => turnGone(stage, service.port, 'SIGSTOP')))
      if (round < (short ? 1 : SILENT_ROUNDS)) stock.silent.push(await stockSilent(service.port))
      progress(`failover ${round + 1}: stock restarted ${shown(stock.restarted.at(-1) ?? 0)} ms, ours killed ${text(ours.killed.at(-1))}`)
    }
  } finally {
    service.server.closeAllConnections()
    service.server.close()
    await once(service.server, 'close')
  }
  const figure = (name: string, values: readonly number[], rival: readonly number[], goal: Goal | null): Figure => ({
    name,
    unit: 'ms',
    ours: median(values),
    rival: { name: `stock ${STOCK}`, value: median(rival) },
    goal,
  })
  const atMost = (limit: number): Goal => ({ of: 'value', at: 'most', limit })
  const of = (all: readonly Outage[], key: keyof Outage): readonly number[] => all.map((one) => one[key])
  return {
    figures: [
      figure('TURN killed (stock: restarted at once): through connect', of(ours.killed, 'connectMs'), stock.restarted, atMost(300)),
      figure('… at either address of the service', of(ours.killed, 'eitherMs'), stock.restarted, atMost(300)),
      figure('TURN silent: through connect', of(ours.silent, 'connectMs'), stock.silent, atMost(5_000)),
      figure('… at either address of the service', of(ours.silent, 'eitherMs'), stock.silent, atMost(1_000)),
    ],
    details: [
      ...(['killed', 'silent'] as const).flatMap((way) =>
        (['connectMs', 'eitherMs'] as const).map(
          (key) => `- ${way}, ${key}: ${of(ours[way], key).map(shown).join(', ')} (p95 ${shown(quantile(of(ours[way], key), 0.95))})`,
        ),
      ),
      `- stock, restarted: ${stock.restarted.map(shown).join(', ')}; silent: ${stock.silent.map(shown).join(', ')}`,
    ].join('\n'),
  }
}

interface Outage {
  readonly connectMs: number
  readonly eitherMs: number
}
const text = (outage: Outage | undefined): string =>
  `${shown(outage?.connectMs ?? 0)} ms by connect, ${shown(outage?.eitherMs ?? 0)} ms at either`

/** From now on until one of the addresses answers somebody who comes anew. */
async function untilAnswered(...addresses: readonly string[]): Promise<number> {
  const beginMs = performance.now()
  return new Promise((resolve, reject) => {
    let isOver = false
    const look = async (): Promise<void> => {
      while (!isOver && performance.now() - beginMs < MOST_MS) {
        for (const address of addresses)
          void answers(address).then((ok) => {
            if (!ok || isOver) return
            isOver = true
            resolve(performance.now() - beginMs)
          })
        await pause(LOOK_MS)
      }
      if (!isOver) reject(new Error(`${addresses.join(' and ')} did not answer for ${MOST_MS / 1_000} s`))
    }
    look().catch(reject)
  })
}

/** Its server is killed and started again on the same port at once. */
async function stockRestarted(localPort: number): Promise<number> {
  const [port = 0, remotePort = 0] = await freePorts(2)
  let server = await startFrps(STOCK, SETTINGS, port)
  const client = await startFrpc(STOCK, port, SETTINGS, { name: 'web', localPort, remotePort })
  try {
    await untilAnswered(`127.0.0.1:${remotePort}`)
    await server.end()
    const away = untilAnswered(`127.0.0.1:${remotePort}`)
    server = await startFrps(STOCK, SETTINGS, port)
    return await away
  } finally {
    await client.end()
    await server.end()
  }
}

/** Its connection leads nowhere all of a sudden, as when a router forgets it; the server itself is well. */
async function stockSilent(localPort: number): Promise<number> {
  const [between = 0, remotePort = 0] = await freePorts(2)
  const server = await startFrps(STOCK, SETTINGS)
  const path = await openPath(between, server.port)
  const client = await startFrpc(STOCK, between, SETTINGS, { name: 'web', localPort, remotePort })
  try {
    await untilAnswered(`127.0.0.1:${remotePort}`)
    path.forget()
    return await untilAnswered(`127.0.0.1:${remotePort}`)
  } finally {
    await client.end()
    await server.end()
    path.close()
  }
}

/** Passes connections on. `forget`: of those that stand nothing passes any more, and nobody is told. */
async function openPath(port: number, to: number): Promise<{ forget(): void; close(): void }> {
  const standing = new Set<Socket>()
  const passing = createServer((near) => {
    const far = connect(to, '127.0.0.1')
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      standing.add(from)
      from.pipe(into)
      from.on('error', () => into.destroy())
      from.on('close', () => standing.delete(from))
    }
  }).listen(port, '127.0.0.1')
  await once(passing, 'listening')
  return {
    forget: () => {
      for (const socket of standing) {
        socket.unpipe()
        socket.removeAllListeners('end')
        socket.resume()
      }
    },
    close: () => {
      passing.close()
      for (const socket of standing) socket.destroy()
    },
  }
}

/** Three TURNs, a hidden node with a service, and a fifth that connects to it; the first TURN in use goes. */
async function turnGone(stage: Stage, servicePort: number, signal: 'SIGKILL' | 'SIGSTOP'): Promise<Outage> {
  const ports = await freePorts(4)
  const seeds = ports.slice(0, 3).map((port) => `127.0.0.1:${port}`)
  const turns: Child[] = []
  for (const [i, port] of ports.slice(0, 3).entries())
    turns.push(await stage.node(`turn-${i}`, seeds.slice(0, i), '--listen', `127.0.0.1:${port}`))
  await stage.node('user', seeds, '--listen', `127.0.0.1:${ports[3]}`, '--no-offer')
  const hidden = await stage.node('hidden', seeds, '--no-listen', '--expose', `web=${servicePort}`)
  const addresses = await twoAddresses(hidden)
  const command = spawn(process.execPath, [program, 'connect', 'hidden/web', '--data', join(stage.folder, 'user')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [line] = await once(createInterface({ input: command.stdout }), 'line')
    const local = /127\.0\.0\.1:\d+/.exec(String(line))?.[0] ?? ''
    await Promise.all([untilAnswered(local), untilAnswered(...addresses)])
    const status = await hidden.status()
    const first = turns.find(({ id }) => id === status?.turn?.id)
    if (!first) throw new Error('the TURN in use is none of the three')
    first.kill(signal)
    const [connectMs, eitherMs] = await Promise.all([untilAnswered(local), untilAnswered(...addresses)])
    return { connectMs, eitherMs }
  } finally {
    command.kill('SIGKILL')
  }
}

/** Of the service, once two tunnels stand. */
async function twoAddresses(hidden: Child): Promise<readonly string[]> {
  for (let look = 0; look < 1_000; look++) {
    const at = (await hidden.status())?.services[0]?.at ?? []
    const open = at.flatMap((one) => (one.public === null ? [] : [one.public]))
    if (open.length === 2) return open
    await pause(LOOK_MS)
  }
  throw new Error('the hidden node has no two tunnels after 10 s')
}
