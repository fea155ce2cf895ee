// What must hold at every second of a run, asked of the nodes themselves.
import type { Stage } from './stage.ts'
import type { Watch } from './watch.ts'

const LOOK_MS = 1_000
/** An address that a node announces was proven within this, and its withdrawal may take until the next look. */
const PROOF_MS = 15_000 + LOOK_MS
/** Whoever stood still may not know it: a suspended machine's own clock stood too. */
const AWAKE_FOR_MS = 16_000

/** Looks every second from now on, for as long as the world lives. */
export function lookAlways({ world, nodes, gone }: Stage, watch: Watch): void {
  const stoodStillMs = new Map<string, number>()
  const look = (): void => {
    const nowMs = world.clock.now()
    for (const [name, { current }] of nodes) {
      if (!world.host(name).process.isRunning) stoodStillMs.set(name, nowMs)
      if (gone.has(name) || nowMs - (stoodStillMs.get(name) ?? Number.NEGATIVE_INFINITY) < AWAKE_FOR_MS) continue
      // Of a direct address the period is longer, and nothing else depends on it.
      if (current.status().node.reachability !== 'tunnelled') continue
      for (const address of current.peers('here', { limit: 1 }).page?.self?.addresses ?? []) {
        const ageMs = nowMs - watch.provenAtMs(address, name)
        if (ageMs > PROOF_MS)
          watch.note('announced without a fresh proof', `${name} is announced at ${address}, proven ${Math.round(ageMs / 1_000)} s ago`)
      }
    }
    world.clock.setTimeout(look, LOOK_MS)
  }
  world.clock.setTimeout(look, LOOK_MS)
}
