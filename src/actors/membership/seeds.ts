// Seeds are tried until they answer, and again whenever they are lost: never given up, never forgotten.
import { backoffMs } from '../../domain/backoff.ts'
import { type IpTable, isProven } from '../../domain/ip-table.ts'
import { NO_ANSWER_YET, type SeedFault } from '../../domain/seed-fault.ts'
import { SEED_PATIENCE, SEED_RETRY_FIRST, SEED_RETRY_LAST } from '../../domain/timings.ts'
import type { Ports } from '../../ports.ts'

export interface Seeds {
  add(address: string): void
  remove(address: string): void
  /** Drops the seed of that address and those that turned out to be that row; answers their addresses. */
  forget(key: string, address: string): readonly string[]
  list(): readonly string[]
  /** Each with how its latest visit went; `fault` null: its row is here, or it was not visited yet (`isHere` tells). */
  states(): readonly { readonly address: string; readonly isHere: boolean; readonly fault: SeedFault | null }[]
  stop(): void
}

interface SeedState {
  attempt: number
  timer: unknown
  /** The row it turned out to be. */
  key: string | null
  fault: SeedFault | null
}

interface SeedNeeds extends Pick<Ports, 'clock' | 'random'> {
  readonly table: () => IpTable
  /** Meets whoever is there; its row's key, or why there is none: null where nothing is wrong. */
  readonly join: (address: string) => Promise<string | SeedFault | null>
  /** Told once of each reason in turn; first of an answer that takes long. */
  readonly onFault: (address: string, fault: SeedFault) => void
  readonly onBug: (error: unknown) => void
}

export function createSeeds({ clock, random, table, join, onFault, onBug }: SeedNeeds): Seeds {
  const seeds = new Map<string, SeedState>()
  const isHere = (key: string | null): boolean => key !== null && isProven(table().rows.get(key) ?? { state: 'unknown' })
  /** That it takes long is told once, and not again as that it took too long. */
  const note = (address: string, state: SeedState, fault: SeedFault): void => {
    const isKnown = state.fault?.why === fault.why || (fault.reason === 'timeout' && state.fault?.reason === 'timeout')
    state.fault = fault
    if (!isKnown) onFault(address, fault)
  }
  const visit = async (address: string, state: SeedState): Promise<void> => {
    if (!isHere(state.key)) {
      state.timer = clock.setTimeout(() => {
        if (seeds.get(address) === state && state.fault === null) note(address, state, { reason: 'timeout', why: NO_ANSWER_YET })
      }, SEED_PATIENCE)
      const met = await join(address)
      if (seeds.get(address) !== state) return
      clock.clearTimeout(state.timer)
      if (typeof met === 'object' && met !== null) note(address, state, met)
      else state.fault = null
      state.key = typeof met === 'string' ? met : state.key
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
      const state: SeedState = { attempt: 0, timer: null, key: null, fault: null }
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
    states: () => [...seeds].map(([address, { key, fault }]) => ({ address, isHere: isHere(key), fault })),
    stop: () => {
      for (const { timer } of seeds.values()) clock.clearTimeout(timer)
      seeds.clear()
    },
  }
}
