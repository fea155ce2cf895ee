// Users of the services: they connect to each address that is announced, again and again, from a host of their own.
import type { DatagramPort } from '../../src/frp/contract.ts'
import { isFailure } from '../../src/ports.ts'
import { NODE_PORT } from '../sim/live-node.ts'
import { USER_HOST } from './hosts.ts'
import { domainOf, type Stage, wordOf } from './stage.ts'

const PERIOD_MS = 2_000
const PATIENCE_MS = 4_000
/** A TURN lets a stranger's service answer with three times what came, no more. */
const DATAGRAM_BYTES = 64

/** The last answer at each address: `kind address` → the service's word, or why there was none. */
export type Answers = ReadonlyMap<string, { readonly word: string; readonly atMs: number }>

/** Asks for every service that is up, until the world ends. */
export function sendUsers(stage: Stage): Answers {
  const answers = new Map<string, { word: string; atMs: number }>()
  const { world, nodes } = stage
  const { clock, network, http } = world.ports(USER_HOST)
  let udp: DatagramPort | null = null
  let nextDatagram = 1
  const awaited = new Map<string, string>()

  const answered = (key: string, word: string): void => void answers.set(key, { word, atMs: clock.now() })
  const askTcp = async (key: string, address: string): Promise<void> => {
    const opened = await network.dial(address, { timeoutMs: PATIENCE_MS })
    if ('type' in opened) return answered(key, opened.text)
    const { link } = opened
    const pieces: Buffer[] = []
    const end = (): void => {
      clock.clearTimeout(timer)
      if (!link.destroyed) link.destroy()
      answered(key, Buffer.concat(pieces).toString() || 'nothing')
    }
    const timer = clock.setTimeout(end, PATIENCE_MS)
    link.on('error', () => {})
    link.on('data', (bytes) => pieces.push(bytes))
    link.on('end', end)
    link.on('close', () => {
      clock.clearTimeout(timer)
      if (!answers.has(key)) end()
    })
  }
  const askHttp = async (key: string, address: string, domain: string): Promise<void> => {
    const answer = await http.request(address, {
      method: 'GET',
      path: '/',
      headers: { host: domain, connection: 'close' },
      timeoutMs: PATIENCE_MS,
    })
    answered(key, isFailure(answer) ? answer.text : answer.body.toString())
  }
  const askUdp = (key: string, address: string): void => {
    const [host = '', port] = address.split(':')
    const mark = `#${nextDatagram++}`
    awaited.set(mark, key)
    udp?.send(Buffer.from(mark.padEnd(DATAGRAM_BYTES)), { host, port: Number(port) })
    clock.setTimeout(() => {
      if (awaited.delete(mark)) answered(key, 'nothing')
    }, PATIENCE_MS)
  }
  void network
    .openDatagrams('0.0.0.0:0', (bytes) => {
      const [, word = '', mark = ''] = /^(.*) (#\d+) *$/.exec(bytes.toString()) ?? []
      const key = awaited.get(mark)
      if (key === undefined) return
      awaited.delete(mark)
      answered(key, word)
    })
    .then((opened) => {
      if (!isFailure(opened)) udp = opened
    })

  const round = (): void => {
    for (const spec of stage.scenario.nodes) {
      const node = nodes.get(spec.name)
      if (!node || stage.gone.has(spec.name)) continue
      for (const { kind, public: at } of node.current.status().services) {
        if (at === null) continue
        const key = `${kind} ${at}`
        if (kind === 'tcp') void askTcp(key, at)
        else if (kind === 'udp') askUdp(key, at)
        else {
          const { turn } = node.current.status()
          const door = turn === null ? `${world.host(spec.name).outerIp}:${NODE_PORT}` : turn.address
          void askHttp(key, door, domainOf(spec.name))
        }
      }
    }
    clock.setTimeout(round, PERIOD_MS)
  }
  round()
  return answers
}

export { wordOf }
