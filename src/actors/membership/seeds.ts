// Seeds are tried until they answer, and again whenever they are lost: never given up, never forgotten.
import { backoffMs } from '../../domain/backoff.ts'
import type { IpTable } from '../../domain/ip-table.ts'
import { SEED_RETRY_FIRST, SEED_RETRY_LAST } from '../../domain/timings.ts'
import type { Ports } from '../../ports.ts'

export interface Seeds {
  add(address: string): void
  remove(address: string): void
  /** Drops the seed of that address and those that turned out to be that row; answers their addresses. */
  forget(key: string, address: string): readonly string[]
  list(): readonly string[]
  stop(): void
}

interface SeedState {
  attempt: number
  timer: unknown
  /** The row it turned out to be. */
  key: string | null
}

interface SeedNeeds extends Pick<Ports, 'clock' | 'random'> {
  readonly table: () => IpTable
  /** Meets whoever is there; its row's key, or null when nobody answered. */
  readonly join: (address: string) => Promise<string | null>
  readonly onBug: (error: unknown) => void
}

export function createSeeds({ clock, random, table, join, onBug }: SeedNeeds): Seeds {
  const seeds = new Map<string, SeedState>()
  const isHere = (key: string | null): boolean => key !== null && (table().rows.get(key)?.state ?? 'unknown') !== 'unknown'
  const visit = async (address: string, state: SeedState): Promise<void> => {
    if (!isHere(state.key)) {
      const key = await join(address)
      if (seeds.get(address) !== state) return
      state.key = key ?? state.key
      state.attempt++
    }
    // An answer alone is no proof: who answers and then can't be pinged must not be asked without a pause.
    if (isHere(state.key)) state.attempt = 0
    const wait = backoffMs(isHere(state.key) ? 30 : state.attempt, SEED_RETRY_FIRST, SEED_RETRY_LAST, random.fraction())
    state.timer = clock.setTimeout(() => void visit(address, state).catch(onBug), wait)
  }
  const remove = (address: string): void => {
    clock.clearTimeout(seeds.get(address)?.timer)
    seeds.delete(address)
  }
  return {
    add: (address) => {
      if (seeds.has(address)) return
      const state: SeedState = { attempt: 0, timer: null, key: null }
      seeds.set(address, state)
      visit(address, state).catch(onBug)
    },
    remove,
    forget: (key, address) => {
      const found = [...seeds].filter(([at, state]) => at === address || state.key === key).map(([at]) => at)
      found.forEach(remove)
      return found
    },
    list: () => [...seeds.keys()],
    stop: () => {
      for (const { timer } of seeds.values()) clock.clearTimeout(timer)
      seeds.clear()
    },
  }
}
