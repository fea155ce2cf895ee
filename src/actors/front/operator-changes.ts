// What a person told the running node: seeds, services, and who is to stay away. Kept over restarts.
import type { ServiceSpec } from '../../answers.ts'
import { keepAway } from '../../domain/ip-table.ts'
import { STORE_RETRY } from '../../domain/timings.ts'
import type { News } from '../../feed/news.ts'
import type { Clock, Store, StoreNote } from '../../ports.ts'
import type { Health } from '../health.ts'
import type { TableKeeper } from '../membership/table-keeper.ts'
import type { Services } from '../services/services.ts'
import type { TurnWish } from '../turn/turn-wish.ts'

export interface OperatorChanges {
  /** Reads them and fulfils those about services and peers. */
  read(): Promise<void>
  /** Seeds that were added by hand. */
  seeds(): readonly string[]
  addSeed(address: string): void
  dropSeed(address: string): void
  addService(spec: ServiceSpec): void
  dropService(name: string): void
  /** Also one that is not exposed. */
  hasService(name: string): boolean
  /** Writes down who is to stay away, as the table has it. */
  noteRemoved(): void
  /** Writes down whom a person pinned. */
  notePinned(): void
  /** Settles when everything is on disk, or could not be written. */
  close(): Promise<void>
}

interface OperatorChangeNeeds {
  readonly clock: Clock
  readonly store: Pick<Store, 'readOperatorChanges' | 'writeOperatorChanges'>
  readonly keeper: TableKeeper
  readonly services: Pick<Services, 'add' | 'specs'>
  readonly wish: Pick<TurnWish, 'pins' | 'pin'>
  /** Whether a service's `host:port` is the control port. */
  readonly isControl: (local: string) => boolean
  readonly health: Health
  readonly publish: (news: News) => void
  readonly onBug: (error: unknown) => void
}

export function createOperatorChanges(needs: OperatorChangeNeeds): OperatorChanges {
  const { clock, store, keeper, services, wish, isControl, health, publish, onBug } = needs
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
      pins: wish.pins(),
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
        if (isControl(spec.local)) {
          const fix = `Take it back with \`moonwalk unexpose ${spec.name}\`, or give the control port another with --control.`
          warn({ text: `the service ${spec.name} is not exposed, since ${spec.local} is the control port of this node`, fix })
          continue
        }
        // Of two with one name the configuration's stands.
        if (!services.specs().some(({ name }) => name === spec.name)) services.add(spec)
      }
      for (const { key, address } of operatorChanges.removed) keeper.apply((table, wallMs) => keepAway(table, key, address, wallMs))
      removed = keeper.current().removed
      if (operatorChanges.pins.length > 0) wish.pin(operatorChanges.pins)
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
    hasService: (name) => wanted.has(name),
    noteRemoved,
    notePinned: save,
    close: async () => {
      closed = true
      await writing
      if (retry !== null) clock.clearTimeout(retry)
    },
  }
}
