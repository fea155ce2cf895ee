import type { Draw } from './draw.ts'
import type { Fault } from './fault.ts'
import { FRPS_HOST, P2PRC_HOST } from './hosts.ts'
import type { NodeSpec } from './scenario.ts'

interface Wish {
  readonly nodes: readonly NodeSpec[]
  /** Never gone for good, never at another address: others start from it. */
  readonly anchor: string
  readonly frps: boolean
  readonly p2prc: boolean
  readonly window: { readonly fromMs: number; readonly toMs: number }
  readonly count: number
}

const HOUR_MS = 3_600_000

/** Faults by chance, in the order of their times; each is over when the window is. */
export function drawFaults(draw: Draw, { nodes, anchor, frps, p2prc, window, count }: Wish): Fault[] {
  const names = nodes.map(({ name }) => name)
  const hosts = [...names, ...(frps ? [FRPS_HOST] : []), ...(p2prc ? [P2PRC_HOST] : [])]
  const isSeed = new Set([anchor, FRPS_HOST, ...nodes.flatMap(({ seeds }) => seeds)])
  const movable = hosts.filter((host) => !isSeed.has(host))
  const moving = movable.filter((host) => host !== P2PRC_HOST)
  const leaving = names.filter((name) => !isSeed.has(name))
  const one = (): Fault => {
    const atMs = draw.between(window.fromMs, window.toMs - 1_000)
    // Short ones are between others' patience, long ones beyond it.
    const longest = Math.min(window.toMs - atMs, draw.chance(0.5) ? 6_000 : 40_000)
    const lasting = { atMs, forMs: draw.between(Math.min(200, longest), longest) }
    const [a, b] = draw.two(hosts)
    const on = { host: draw.one(hosts) }
    const onNode = { host: draw.one(names) }
    return draw.weighted<() => Fault>([
      [3, () => ({ type: 'cut', a, b, ...lasting })],
      [2, () => ({ type: 'one-way', a, b, ...lasting })],
      [2, () => ({ type: 'sever', a, b, ...lasting })],
      [2, () => ({ type: 'partition', hosts: someOf(draw, hosts), silent: draw.chance(0.5), ...lasting })],
      [2, () => ({ type: 'black-hole', ...on, ...lasting })],
      [1, () => ({ type: 'refuse', ...on, ...lasting })],
      [2, () => ({ type: 'reset', a, b, atMs })],
      [1, () => ({ type: 'loss', a, b, share: draw.between(5, 60) / 100, ...lasting })],
      [1, () => ({ type: 'slow', a, b, latencyMs: draw.between(100, 3_000), ...lasting })],
      [1, () => ({ type: 'narrow', a, b, bytesPerMs: draw.between(1, 50), ...lasting })],
      [3, () => ({ type: 'kill', ...on, moved: movable.includes(on.host) && draw.chance(0.4), ...lasting })],
      [1, () => ({ type: 'stop', ...onNode, ...lasting })],
      [leaving.length > 0 ? 1 : 0, () => ({ type: 'gone', host: draw.one(leaving), goodbye: draw.chance(0.3), atMs })],
      // A P2PRC peer tells nobody of a new address before it starts again.
      [moving.length > 0 ? 2 : 0, () => ({ type: 'move', host: draw.one(moving), atMs })],
      [2, () => ({ type: 'freeze', ...on, ...lasting })],
      [2, () => ({ type: 'sleep', ...on, ...lasting })],
      [1, () => ({ type: 'clock', ...onNode, byMs: draw.one([-24, -1, -0.02, 0.02, 1, 24]) * HOUR_MS, atMs })],
      [1, () => ({ type: 'full-disk', ...onNode, ...lasting })],
    ])()
  }
  return Array.from({ length: count }, one).sort((one, other) => one.atMs - other.atMs)
}

/** What came later into the search, by draws of its own: without it a seed is what it was before. Never two of a sort. */
export function drawFurther(draw: Draw, hosts: readonly string[], window: Wish['window']): Fault[] {
  const lasting = (): { readonly atMs: number; readonly forMs: number } => {
    const atMs = draw.between(window.fromMs, window.toMs - 1_000)
    return { atMs, forMs: draw.between(500, Math.min(window.toMs - atMs, 30_000)) }
  }
  return [
    ...(draw.chance(0.3) ? [{ type: 'lossy', share: draw.between(1, 30) / 100, ...lasting() } as const] : []),
    ...(draw.chance(0.3) ? [{ type: draw.one(['deaf', 'mute'] as const), host: draw.one(hosts), ...lasting() }] : []),
  ]
}

function someOf(draw: Draw, hosts: readonly string[]): readonly string[] {
  const some = hosts.filter(() => draw.chance(0.4))
  return some.length > 0 ? some : hosts.slice(0, 1)
}
