// One scenario, lived through: what was wrong, and what was told.
import { createHash } from 'node:crypto'
import type { Entry } from '../../src/feed/news.ts'
import { createWorld, type World } from '../sim/world.ts'
import { lookAlways } from './always.ts'
import { allHosts, befall, endAll } from './befall.ts'
import { USER_HOST } from './hosts.ts'
import type { Scenario } from './scenario.ts'
import { type Stage, setStage } from './stage.ts'
import { flawsOf, tunnelFlaws } from './truth.ts'
import { type Answers, sendUsers } from './users.ts'
import { type Flaw, Watch } from './watch.ts'

export interface Outcome {
  readonly flaws: readonly Flaw[]
  /** How long after the end of all faults everything was true for good; null: never. */
  readonly healedMs: number | null
  /** Of all that was told and of every connection, in their order. */
  readonly hash: string
  /** The news, a line each; empty unless asked for. */
  readonly story: readonly string[]
}

/** The network has so long to heal. */
const HEAL_MS = 60_000
const LOOK_MS = 1_000
/** By then every node behind NAT has a tunnel; in the end it has all it could have. */
const TUNNELS_MS = 10_000
/** So long everything must stay true; above the longest time between two pings of a row. */
const CALM_MS = 12_000
/** `stop` settles within 4 s; those that measure keep their connections warm for 60 s. */
const STOP_MS = 4_000
const LEFTOVER_MS = 65_000

export interface RunOptions {
  readonly withStory?: boolean
  /** Ends it early, without a look at what must hold in the end. */
  readonly untilMs?: number
  /** Once the world stands, before anything befalls it. */
  readonly onStage?: (stage: Stage) => void
  /** The news of every life of every node. */
  readonly onNews?: (node: string, entry: Entry) => void
}

export async function run(scenario: Scenario, options: RunOptions = {}): Promise<Outcome> {
  const { withStory = false, untilMs = Number.POSITIVE_INFINITY, onStage, onNews } = options
  const world = createWorld({ seed: scenario.seed })
  const leave = world.enter()
  const onRejection = (error: unknown): void => world.clock.crash(error)
  // What Node itself complains of, such as listeners without end. People would read it on their terminal.
  const onWarning = ({ name, message }: Error): void => watch.note(`warning: ${name}`, message)
  process.on('warning', onWarning)
  process.on('unhandledRejection', onRejection)
  process.on('uncaughtException', onRejection)
  const hash = createHash('sha256')
  const story: string[] = []
  const watch = new Watch(world)
  const happened = world.network.onHappening
  world.network.onHappening = (text) => {
    hash.update(`${text}\n`)
    happened(text)
  }
  let healedMs: number | null = null
  try {
    const stage = setStage(world, scenario, (node, { seq: _, at: _at, ...entry }) => {
      const line = `${world.clock.now().toFixed(2)} ${node} ${Object.values(entry).join(' ')}`
      hash.update(`${line}\n`)
      if (withStory) story.push(world.readable(line))
      watch.told(node, { seq: 0, at: '', ...entry })
      onNews?.(node, { seq: 0, at: '', ...entry })
    })
    onStage?.(stage)
    if (withStory) tellFaults(world, scenario, story)
    befall(stage)
    lookAlways(stage, watch)
    const answers = sendUsers(stage)
    await world.clock.advance(Math.min(untilMs, scenario.endMs))
    if (world.clock.now() < untilMs) {
      endAll(stage)
      healedMs = await heal(stage, watch, answers)
      await stopAll(stage, watch)
    }
  } catch (error) {
    watch.note(crashKind(error), error instanceof Error ? String(error.stack) : String(error))
  } finally {
    process.off('warning', onWarning)
    process.off('unhandledRejection', onRejection)
    process.off('uncaughtException', onRejection)
    leave()
  }
  return { flaws: watch.flaws, healedMs, hash: hash.digest('hex').slice(0, 16), story }
}

function crashKind(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return `crash: ${text.split('\n')[0]?.slice(0, 80)}`
}

async function heal(stage: Stage, watch: Watch, answers: Answers): Promise<number | null> {
  const { clock } = stage.world
  const endMs = clock.now()
  let trueSinceMs: number | null = null
  for (;;) {
    await clock.advance(LOOK_MS)
    const flaws = [...flawsOf(stage, watch, answers, endMs), ...tunnelFlaws(stage, 'all')]
    if (clock.now() - endMs === TUNNELS_MS) for (const { kind, text } of tunnelFlaws(stage, 'any')) watch.note(kind, text)
    if (flaws.length > 0) trueSinceMs = null
    else trueSinceMs ??= clock.now()
    if (trueSinceMs !== null && clock.now() - trueSinceMs >= CALM_MS) return trueSinceMs - endMs
    if (clock.now() - endMs < HEAL_MS || trueSinceMs !== null) continue
    for (const { kind, text } of flaws) watch.note(kind, text)
    return null
  }
}

async function stopAll(stage: Stage, watch: Watch): Promise<void> {
  const { world, nodes, gone } = stage
  const stopping = new Map([...nodes].filter(([name]) => !gone.has(name)).map(([name, { current }]) => [name, current.stop()]))
  const stopped = new Set<string>()
  for (const [name, done] of stopping) void done.then(() => stopped.add(name))
  await world.clock.advance(STOP_MS)
  for (const name of stopping.keys()) if (!stopped.has(name)) watch.note('stop hangs', `${name} is not stopped after ${STOP_MS} ms`)
  // Its own services are not the node's.
  for (const host of allHosts(stage)) if (!stopping.has(host)) world.kill(host)
  world.kill(USER_HOST)
  await world.clock.advance(LEFTOVER_MS)
  for (const name of stopping.keys()) {
    const { process, links, listeners, udp } = world.host(name)
    const ports = [...listeners].filter(({ port }) => port < 3_000 || port > 3_002).map(({ port }) => port)
    const sockets = [...udp].filter(({ port }) => port !== 3_001)
    if (process.timerCount > 0) watch.note('timer left', `${name} has ${process.timerCount} timers ${LEFTOVER_MS / 1_000} s after its end`)
    if (ports.length > 0 || sockets.length > 0)
      watch.note('port left', `${name} has ports ${ports.join(' ')} and ${sockets.length} of udp open`)
    if (links.size > 0)
      watch.note(
        'connection left',
        `${name} has ${links.size}: ${[...links].map(({ localPort, remoteAddress, remotePort }) => `${localPort} ${remoteAddress}:${remotePort}`)}`,
      )
  }
}

function tellFaults(world: World, scenario: Scenario, story: string[]): void {
  for (const fault of scenario.faults) {
    const { atMs } = fault
    world.clock.setTimeout(() => story.push(`${atMs} ----- ${JSON.stringify(fault)}`), atMs)
    if ('forMs' in fault)
      world.clock.setTimeout(() => story.push(`${atMs + fault.forMs} ----- end of ${JSON.stringify(fault)}`), atMs + fault.forMs)
  }
  world.clock.setTimeout(() => story.push(`${scenario.endMs} ----- faults are over`), scenario.endMs)
}
