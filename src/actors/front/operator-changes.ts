// What a person told the running node: seeds, services, and who is to stay away. Kept over restarts.
import type { ServiceSpec } from '../../answers.ts'
import { keepAway } from '../../domain/ip-table.ts'
import { STORE_RETRY } from '../../domain/timings.ts'
import type { News } from '../../feed/news.ts'
import type { Clock, Store, StoreNote } from '../../ports.ts'
import type { Health } from '../health.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'
import type { Services } from '../services/services.ts'

export interface OperatorChanges {
  /** Reads them and fulfils those about services and peers. */
  read(): Promise<void>
  /** Seeds that were added by hand. */
  seeds(): readonly string[]
  addSeed(address: string): void
  dropSeed(address: string): void
  addService(spec: ServiceSpec): void
  dropService(name: string): void
  /** Writes down who is to stay away, as the table has it. */
  noteRemoved(): void
  /** Settles when everything is on disk, or could not be written. */
  close(): Promise<void>
}

interface OperatorChangeNeeds {
  readonly clock: Clock
  readonly store: Pick<Store, 'readOperatorChanges' | 'writeOperatorChanges'>
  readonly keeper: TableKeeper
  readonly services: Pick<Services, 'add' | 'specs'>
  readonly health: Health
  readonly publish: (news: News) => void
  readonly onBug: (error: unknown) => void
}

export function createOperatorChanges({ clock, store, keeper, services, health, publish, onBug }: OperatorChangeNeeds): OperatorChanges {
  const seeds = new Set<string>()
  const wanted = new Map<string, ServiceSpec>()
  let removed: ReadonlyMap<string, string> = new Map()
  let writing: Promise<unknown> = Promise.resolve()
  let retry: unknown = null
  let closed = false

  const write = async (): Promise<void> => {
    const failure = await store.writeOperatorChanges({
      seeds: [...seeds],
      services: [...wanted.values()],
      removed: [...removed].map(([key, address]) => ({ key, address })),
    })
    health.set('operatorChanges', failure === null ? null : { level: 'error', text: failure.text, fix: failure.fix })
    if (failure === null || retry !== null || closed) return
    retry = clock.setTimeout(() => {
      retry = null
      save()
    }, STORE_RETRY)
  }
  const save = (): void => {
    writing = writing.then(write).catch(onBug)
  }
  const noteRemoved = (): void => {
    if (keeper.current().removed === removed) return
    removed = keeper.current().removed
    save()
  }
  const warn = ({ text, fix }: StoreNote): void => publish({ type: 'warned', text, fix })

  return {
    read: async () => {
      const { operatorChanges, notes } = await store.readOperatorChanges()
      for (const note of notes) warn(note)
      for (const seed of operatorChanges.seeds) seeds.add(seed)
      for (const spec of operatorChanges.services) {
        wanted.set(spec.name, spec)
        // Of two with one name the configuration's stands.
        if (!services.specs().some(({ name }) => name === spec.name)) services.add(spec)
      }
      for (const { key, address } of operatorChanges.removed) keeper.apply((table, wallMs) => keepAway(table, key, address, wallMs))
      removed = keeper.current().removed
      // Who was let in again is heard of next.
      keeper.changes$.subscribe(({ type }) => {
        if (type === 'heard') noteRemoved()
      })
    },
    seeds: () => [...seeds],
    addSeed: (address) => {
      seeds.add(address)
      noteRemoved()
      save()
    },
    dropSeed: (address) => {
      if (seeds.delete(address)) save()
    },
    addService: (spec) => {
      wanted.set(spec.name, spec)
      save()
    },
    dropService: (name) => {
      if (wanted.delete(name)) save()
    },
    noteRemoved,
    close: async () => {
      closed = true
      await writing
      if (retry !== null) clock.clearTimeout(retry)
    },
  }
}
