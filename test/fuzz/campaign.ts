// Many inputs into one reader. Nothing may throw, nothing may take for ever, and nothing may be held that goes beyond the
// largest thing the wire allows. Whatever goes wrong is told with the number that makes the same input again.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { expect } from 'vitest'
import { settle } from '../frp/frp-clock.ts'
import { type Chance, chance, pieces } from './chance.ts'

export interface Target {
  readonly name: string
  /** How many the fuzz suite tries: a million, or fewer where the reader is one that others stand in for. */
  readonly inputs: number
  readonly input: (pick: Chance) => Buffer
  /** What it may hold, or give out in one piece. */
  readonly maxBytes: number
  /** Reads the pieces; the most bytes it held, or gave out in one. A promise has to settle. */
  readonly feed: (pieces: Iterable<Buffer>) => number | Promise<number>
}

/** What may stay behind once all inputs are through. */
const MAX_GROWTH_BYTES = 32 << 20
/** An input takes microseconds. */
const HANG_MS = 30_000

/** `MOONWALK_FUZZ_SEED=S MOONWALK_FUZZ=1` is input S alone; by default they are numbered from 0. */
export const inputsOf = (count: number) => ({
  first: Number(process.env.MOONWALK_FUZZ_SEED ?? 0),
  count: Number(process.env.MOONWALK_FUZZ ?? count),
})

export async function campaign(target: Target, { first, count }: ReturnType<typeof inputsOf>): Promise<void> {
  collect()
  const before = kept()
  const watch = watchdog(target.name)
  let most = 0
  for (let seed = first; seed < first + count; seed++) {
    watch.begin(seed)
    const pick = chance(seed)
    const bytes = target.input(pick)
    try {
      const fed = target.feed(pieces(pick, bytes))
      const held = typeof fed === 'number' ? fed : await fed
      if (held > target.maxBytes) throw new Error(`${held} bytes held, where ${target.maxBytes} are the most`)
      most = Math.max(most, held)
    } catch (error) {
      await watch.end()
      const why = error instanceof Error ? error.stack : error
      throw new Error(`${target.name}: MOONWALK_FUZZ_SEED=${seed} MOONWALK_FUZZ=1 makes it again. ${bytes.toString('hex')}: ${why}`)
    }
    if (seed % 2_000 === 0) await settle(3)
  }
  await watch.end()
  await settle()
  expect(await growth(before)).toBeLessThan(MAX_GROWTH_BYTES)
}

/** Looks from a thread of its own, since a reader that never returns lets nobody else look, and ends the process. */
function watchdog(name: string): { begin(seed: number): void; end(): Promise<unknown> } {
  const seen = new Float64Array(new SharedArrayBuffer(8))
  const worker = new Worker(
    `const { workerData: { seen, name, hangMs } } = require('node:worker_threads')
     let [last, since] = [-1, 0]
     setInterval(() => {
       if (seen[0] !== last) [last, since] = [seen[0], Date.now()]
       if (Date.now() - since < hangMs) return
       require('node:fs').writeSync(2, name + ': MOONWALK_FUZZ_SEED=' + last + ' MOONWALK_FUZZ=1 never ends\\n')
       process.kill(process.pid, 'SIGKILL')
     }, hangMs / 10)`,
    { eval: true, workerData: { seen, name, hangMs: HANG_MS } },
  )
  return {
    begin: (seed) => {
      seen[0] = seed
    },
    end: () => worker.terminate(),
  }
}

setFlagsFromString('--expose_gc')
const collect: () => void = runInNewContext('gc')

const kept = (): number => {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Collects until little is left, at most 100 times: V8 gives buffers back some time after it has found them unused. */
async function growth(before: number): Promise<number> {
  for (let round = 0; round < 100 && kept() - before >= MAX_GROWTH_BYTES; round++) {
    collect()
    await settle(20)
  }
  return kept() - before
}
