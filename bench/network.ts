// How fast a network comes together and heals, with whole nodes as processes over real sockets.
import { once } from 'node:events'
import type { Child } from '../src/cli/demo/child.ts'
import { complete } from '../src/cli/demo/expectations.ts'
import { freePorts } from '../src/cli/demo/free-ports.ts'
import { type Whereabouts, watchService } from '../src/cli/demo/phases.ts'
import { answers, startService } from '../src/cli/demo/probe-service.ts'
import { type Figure, type Goal, median, type Part, progress, quantile, shown } from './measure.ts'
import { onStage, type Stage, until } from './nodes.ts'

const CHAIN = 5
const JOINERS = 9
/** Asking costs the nodes time that they need for what is measured: ten asked every 50 ms take three times as long. */
const CHAIN_LOOK_MS = 50
const NINE_LOOK_MS = 200

export const networkPart: Part = async ({ rounds, short }) => {
  const service = await startService()
  const samples = { chain: [] as number[], join: [] as number[], outage: [] as number[], nine: [] as number[] }
  const count = short ? 1 : rounds
  try {
    for (let round = 0; round < count; round++) {
      const { chainMs, joinMs, outageMs } = await onStage((stage) => chainRound(stage, service.port))
      samples.chain.push(chainMs)
      samples.join.push(joinMs)
      samples.outage.push(outageMs)
      samples.nine.push(await onStage(nineRound))
      progress(
        `network ${round + 1}: chain ${shown(chainMs)}, join ${shown(joinMs)}, outage ${shown(outageMs)}, nine ${shown(samples.nine.at(-1) ?? 0)} ms`,
      )
    }
  } finally {
    service.server.closeAllConnections()
    service.server.close()
    await once(service.server, 'close')
  }
  const atMost = (limit: number): Goal => ({ of: 'value', at: 'most', limit })
  const figure = (name: string, values: readonly number[], goal: Goal | null): Figure => ({
    name,
    unit: 'ms',
    ours: median(values),
    rival: null,
    goal,
  })
  return {
    figures: [
      figure('chain of five complete everywhere', samples.chain, atMost(1_000)),
      figure('nine joining one root, complete everywhere', samples.nine, atMost(2_000)),
      figure('TURN join: ready to the first answer of the service', samples.join, atMost(120)),
      figure('outage after SIGKILL of the TURN', samples.outage, null),
    ],
    details: Object.entries(samples)
      .map(([name, values]) => `- ${name}: ${values.map(shown).join(', ')} ms (worst ${shown(quantile(values, 1))})`)
      .join('\n'),
  }
}

const lackOf = (count: number) => async (child: Child) => complete(await child.peers(), count)
const lastReady = (children: readonly Child[]): number => Math.max(...children.map(({ readyMs }) => readyMs))

/** Five in a chain, all at once; then a hidden node with a service; then its TURN is killed. */
async function chainRound(
  stage: Stage,
  servicePort: number,
): Promise<{ readonly chainMs: number; readonly joinMs: number; readonly outageMs: number }> {
  const ports = await freePorts(CHAIN)
  const five = await Promise.all(
    ports.map((port, i) => stage.node(`chain-${i}`, [`127.0.0.1:${ports[i + 1] ?? ports[i - 1]}`], '--listen', `127.0.0.1:${port}`)),
  )
  await until('five complete tables', five, lackOf(CHAIN), CHAIN_LOOK_MS)
  const chainMs = performance.now() - lastReady(five)

  const hidden = await stage.node('hidden', [`127.0.0.1:${ports[2]}`], '--no-listen', '--expose', `web=${servicePort}`)
  const service = watchService(hidden)
  await answered(hidden, service)
  const joinMs = performance.now() - hidden.readyMs

  const turn = (await hidden.status())?.turn
  const killed = five.find(({ id }) => id === turn?.id)
  if (!killed) throw new Error('the TURN is none of the five')
  const cutMs = performance.now()
  killed.kill('SIGKILL')
  service.forget()
  await answered(hidden, service)
  return { chainMs, joinMs, outageMs: performance.now() - cutMs }
}

/** Counted from the moment the last of them was ready. */
async function nineRound(stage: Stage): Promise<number> {
  const root = await stage.node('root', [], '--listen', '127.0.0.1:0')
  const joiners = await Promise.all(
    Array.from({ length: JOINERS }, (_, i) => stage.node(`joiner-${i}`, [root.listen ?? ''], '--listen', '127.0.0.1:0')),
  )
  await until('ten complete tables', [root, ...joiners], lackOf(JOINERS + 1), NINE_LOOK_MS)
  return performance.now() - lastReady(joiners)
}

const answered = (child: Child, service: Pick<Whereabouts, 'address'>): Promise<void> =>
  until('the service', [child], async () => {
    const at = service.address()
    if (at === null) return 'has proven no address'
    return (await answers(at)) ? '' : `has its service at ${at}, which does not answer`
  })
