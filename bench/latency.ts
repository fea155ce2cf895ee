// The latency a node shows for a peer, against one byte there and back over a bare TCP connection on the same path: while it rests,
// while its main loop is busy, and while it carries traffic.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { PingAnswer } from '../src/answers.ts'
import { call } from '../src/cli/control-client.ts'
import type { Child } from '../src/cli/demo/child.ts'
import { complete } from '../src/cli/demo/expectations.ts'
import { freePorts } from '../src/cli/demo/free-ports.ts'
import { type Figure, type Goal, markdown, median, numbersOf, type Part, progress, quantile, root, shown, start } from './measure.ts'
import { onStage, pause, type Stage, until } from './nodes.ts'
import { loadBinary } from './tunnel/load.ts'

/** A node starts the thread that measures when it has joined. */
const SETTLED_MS = 6_000
const STEADY_MS = 120_000
const DOWNLOADS = '8'
/** More than is carried meanwhile. */
const ENDLESS_MIB = '1000000'
const BUSY = pathToFileURL(join(root, 'bench/busy-loop.mjs')).href

interface Rounds {
  readonly name: string
  /** Each the best of three. */
  readonly shownMs: readonly number[]
  /** Of each round, the median of fifty. */
  readonly bareMs: readonly number[]
  readonly discarded: number
  /** Pings beside them without an answer that could be timed. */
  readonly refused: number
}

interface Scene extends Stage {
  readonly peer: Child
  /** A far end in Go: echoes, and sends what is asked of it. */
  readonly far: string
  readonly load: string
  readonly rounds: number
}

export const latencyPart: Part = ({ short }) =>
  onStage(async (stage) => {
    const load = loadBinary()
    const [port = 0] = await freePorts(1)
    const far = `127.0.0.1:${port}`
    const echo = await start(load, ['serve', far], { waits: false })
    try {
      const peer = await stage.node('peer', [], '--listen', '127.0.0.1:0')
      const scene: Scene = { ...stage, peer, far, load, rounds: short ? 10 : 60 }
      const here = await joined(scene, 'here')
      const steady = short ? [] : [await steadyFigure(here, peer)]
      const idle = await measured(scene, 'idle', 'here')
      here.kill('SIGTERM')
      await here.ended
      const busy = await busyRounds(scene)
      const carrying = await carryingRounds(scene)
      return {
        figures: [
          ...figuresOf(idle, { p50: 0.15, p90: null }),
          ...[busy, carrying].flatMap((rounds) => figuresOf(rounds, { p50: 0.5, p90: 1 })),
          ...steady,
        ],
        details: details([idle, busy, carrying]),
      }
    } finally {
      await echo.end()
    }
  })

/** A node that knows the peer, and measures it by its thread. */
async function joined({ node, peer }: Scene, name: string): Promise<Child> {
  const here = await node(name, [peer.listen ?? ''], '--listen', '127.0.0.1:0')
  const whole = async (child: Child): Promise<string> => complete(await child.peers(), 2)
  await until('a complete table', [here], whole)
  await pause(SETTLED_MS)
  return here
}

async function measured({ folder, peer, far, load, rounds }: Scene, name: string, asks: string): Promise<Rounds> {
  const shownMs: number[] = []
  const bareMs: number[] = []
  let discarded = 0
  let refused = 0
  while (shownMs.length < rounds) {
    const answer = await call<PingAnswer>({ data: join(folder, asks) }, {}, '/api/ping', { peer: peer.id })
    // On a machine with too much else on it a ping may find no answer that it could time.
    if (answer.type === 'failed' && ++refused > rounds) throw new Error(answer.text)
    if (answer.type === 'failed') continue
    shownMs.push(answer.body.rttMs)
    discarded += answer.body.discarded
    const [p50 = Number.NaN] = await numbersOf(load, ['echo', far, '50'])
    bareMs.push(p50)
  }
  progress(`latency, ${name}: shown ${shown(median(shownMs))} ms, bare TCP echo ${shown(median(bareMs))} ms`)
  return { name, shownMs, bareMs, discarded, refused }
}

async function busyRounds(scene: Scene): Promise<Rounds> {
  const before = process.env.NODE_OPTIONS
  process.env.NODE_OPTIONS = `--import ${BUSY}`
  const joining = joined(scene, 'busy')
  if (before === undefined) delete process.env.NODE_OPTIONS
  else process.env.NODE_OPTIONS = before
  const here = await joining
  const rounds = await measured(scene, 'main loop 80 % busy', 'busy')
  here.kill('SIGKILL')
  await here.ended
  return rounds
}

async function carryingRounds(scene: Scene): Promise<Rounds> {
  const here = await joined(scene, 'carrying')
  const hidden = await scene.node('hidden', [here.listen ?? ''], '--no-listen', '--turn', 'moonwalk', '--expose', `bulk=${scene.far}`)
  let address = ''
  await until('a service', [hidden], async (child) => {
    address = (await child.status())?.services[0]?.public ?? ''
    return address === '' ? 'has no public address' : ''
  })
  const downloads = await start(scene.load, ['down', address, ENDLESS_MIB, DOWNLOADS], { waits: false })
  await pause(SETTLED_MS)
  const rounds = await measured(scene, `carrying ${DOWNLOADS} downloads`, 'carrying')
  await downloads.end()
  hidden.kill('SIGKILL')
  here.kill('SIGKILL')
  await Promise.all([hidden.ended, here.ended])
  return rounds
}

async function steadyFigure(here: Child, peer: Child): Promise<Figure> {
  await pause(STEADY_MS)
  const ours = (await here.peers())?.peers.find(({ id }) => id === peer.id)?.jitterMs ?? Number.NaN
  return { name: 'jitter in the table after two minutes', unit: 'ms', ours, rival: null, goal: { of: 'value', at: 'most', limit: 0.1 } }
}

const difference = (limit: number): Goal => ({ of: 'difference', at: 'most', limit })

function figuresOf({ name, shownMs, bareMs }: Rounds, goals: { readonly p50: number; readonly p90: number | null }): readonly Figure[] {
  const of = (at: number, limit: number | null): Figure => ({
    name: `latency shown, ${name}, p${at * 100}`,
    unit: 'ms',
    ours: quantile(shownMs, at),
    rival: { name: 'bare TCP echo', value: median(bareMs) },
    goal: limit === null ? null : difference(limit),
  })
  return [of(0.5, goals.p50), of(0.9, goals.p90)]
}

/** Round by round: the path is another one from moment to moment. */
function details(all: readonly Rounds[]): string {
  const rows = all.map(({ name, shownMs, bareMs, discarded, refused }) => {
    const off = shownMs.map((ms, i) => Math.abs(ms - (bareMs[i] ?? Number.NaN)))
    const pair = (values: readonly number[]): string => `${shown(quantile(values, 0.5))} / ${shown(quantile(values, 0.9))}`
    return [name, `${shownMs.length}`, pair(shownMs), pair(bareMs), pair(off), `${discarded}`, `${refused}`]
  })
  return `Latency, p50 / p90 in ms, each ping the best of three, each echo the median of fifty right after it:\n\n${markdown(
    ['while', 'rounds', 'shown', 'bare TCP echo', 'off, round by round', 'thrown away', 'not timed'],
    rows,
  )}`
}
