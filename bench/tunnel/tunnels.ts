// Tunnels to be measured: stock or ours at either end, each end a process, with a TCP path between them that may be slow.
import { readFileSync } from 'node:fs'
import { freePorts } from '../../src/cli/demo/free-ports.ts'
import { startFrpc, startFrps, type Version } from '../../test/interop/stock.ts'
import { listens, type Process, start } from '../measure.ts'
import { loadBinary } from './load.ts'
import { ourEnd } from './our-end.ts'
import { openRathole, ratholeBinary } from './rathole.ts'

/** rathole is both ends or none. */
export type End = 'ours' | Version | 'rathole'

export interface Setting {
  readonly name: string
  readonly mux: boolean
  readonly tls: boolean
}

export const MUX_PLAIN: Setting = { name: 'mux, plain', mux: true, tls: false }
export const MUX_TLS: Setting = { name: 'mux, TLS (stock default)', mux: true, tls: true }
export const NO_MUX: Setting = { name: 'no mux, plain', mux: false, tls: false }

export interface Plan {
  readonly setting: Setting
  readonly server: End
  readonly client: End
  /** Round trip added between the two ends. */
  readonly rttMs: number
}

export interface Tunnel {
  readonly plan: Plan
  /** Where users knock. */
  readonly door: string
  readonly serverPid: number
  readonly clientPid: number
  end(): Promise<void>
}

export async function openTunnel(plan: Plan, targetPort: number): Promise<Tunnel> {
  const rathole = ratholeBinary()
  if (plan.server === 'rathole' && rathole !== null) return { plan, ...(await openRathole(rathole, targetPort)) }
  const ends: (() => Promise<void>)[] = []
  const end = async (): Promise<void> => {
    for (const one of ends.reverse()) await one()
  }
  const started = <R extends { end(): Promise<void> }>(running: R): R => {
    ends.push(running.end)
    return running
  }
  try {
    const server = started(await startServer(plan))
    const [between = 0] = await freePorts(1)
    if (plan.rttMs > 0) {
      started(await start(loadBinary(), ['delay', `127.0.0.1:${between}`, `127.0.0.1:${server.port}`, `${plan.rttMs}`], { waits: false }))
      await listens(between)
    }
    const client = started(await startClient(plan, plan.rttMs > 0 ? between : server.port, targetPort))
    return { plan, door: `127.0.0.1:${client.door}`, serverPid: server.pid, clientPid: client.pid, end }
  } catch (error) {
    await end()
    throw error
  }
}

async function startServer({
  setting: { mux, tls },
  server,
}: Plan): Promise<{ readonly port: number; readonly pid: number; end(): Promise<void> }> {
  if (server === 'rathole') throw new Error('rathole has its own ends')
  if (server !== 'ours') return startFrps(server, { mux, tls, token: 'bench' })
  const running = await startEnd('server')
  return { ...running, port: (JSON.parse(running.line) as { port: number }).port }
}

async function startClient(
  { setting: { mux, tls }, server, client }: Plan,
  port: number,
  localPort: number,
): Promise<{ readonly door: number; readonly pid: number; end(): Promise<void> }> {
  if (client === 'rathole') throw new Error('rathole has its own ends')
  if (client !== 'ours') {
    const [remotePort = 0] = await freePorts(1)
    const running = await startFrpc(client, port, { mux, tls, token: 'bench' }, { name: `bench-${remotePort}`, localPort, remotePort })
    return { ...running, door: remotePort }
  }
  const { ports, ...running } = await startOurClients(setting(mux, tls, server), port, localPort, 1)
  return { ...running, door: ports[0] ?? 0 }
}

const setting = (mux: boolean, tls: boolean, server: End) => ({
  mux,
  tls: tls ? '0x16' : 'off',
  token: 'bench',
  peerIsOurs: server === 'ours',
})

/** Many clients of ours in one process. */
export async function startOurClients(
  settings: ReturnType<typeof setting>,
  port: number,
  localPort: number,
  count: number,
): Promise<Process & { readonly ports: readonly number[] }> {
  const running = await startEnd('client', `${port}`, `${localPort}`, JSON.stringify(settings), `${count}`)
  return { ...running, ports: (JSON.parse(running.line) as { ports: number[] }).ports }
}

export const startOurServer = startServer

/** `MOONWALK_BENCH_NODE_FLAGS`: for looking into our ends, such as `--cpu-prof`. */
async function startEnd(...args: readonly string[]): Promise<Process> {
  const flags = (process.env.MOONWALK_BENCH_NODE_FLAGS ?? '').split(' ').filter((flag) => flag !== '')
  return start(process.execPath, [...flags, await ourEnd(), ...args])
}

/** CPU seconds a process has used so far, in steps of 10 ms. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** What a process holds in memory, in kB. */
export const residentKb = (pid: number): number => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
