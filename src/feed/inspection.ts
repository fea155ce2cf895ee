// XState's inspection events as news: the one place that knows their shape.
import type { InspectionEvent, StateValue } from 'xstate'
import { eventLabel, isMadeUpId } from './event-label.ts'
import { instanceKey } from './instances.ts'
import type { News } from './news.ts'

/** `{ tunnelling: 'up' }` → `tunnelling.up`; parallel regions are joined by `+`. */
export function pathOf(value: StateValue): string {
  if (typeof value === 'string') return value
  return Object.entries(value)
    .map(([key, inside]) => (inside === undefined ? key : [key, pathOf(inside)].filter((part) => part !== '').join('.')))
    .join('+')
}

/** Every state that is active, outer ones too: `tunnelling`, `tunnelling.up`. */
export function activePaths(value: StateValue, prefix = ''): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : [prefix + value]
  return Object.entries(value).flatMap(([key, inside]) => [
    prefix + key,
    ...(inside === undefined ? [] : activePaths(inside, `${prefix}${key}.`)),
  ])
}

interface Running {
  readonly machine: string
  readonly instance: string
  readonly state: string
  readonly paths: readonly string[]
}

/** Instances that are listed one by one, of each machine: strangers decide how many sessions there are. */
const MAX_LISTED = 64

/** Watches machines; `told` hears of every state entered. */
export function createStateWatch(told: (news: Extract<News, { type: 'state.entered' }>) => void) {
  const running = new Map<string, Running>()
  /** Final states stay on show until the machine runs anew. */
  const ended = new Map<string, readonly string[]>()
  return {
    inspect(event: InspectionEvent): void {
      if (event.type !== '@xstate.snapshot') return
      const { snapshot, actorRef } = event
      if (!('machine' in snapshot) || !('value' in snapshot)) return
      const machine = (snapshot.machine as { readonly id: string }).id
      const value = snapshot.value as StateValue
      const state = pathOf(value)
      const key = actorRef.sessionId
      const instance = instanceOf(machine, 'id' in actorRef ? actorRef.id : '', 'context' in snapshot ? snapshot.context : null)
      const from = running.get(key)?.state ?? ''
      // A machine that is stopped by another enters no state: it is just not there any more.
      if (snapshot.status === 'active') running.set(key, { machine, instance, state, paths: activePaths(value) })
      else running.delete(key)
      if (snapshot.status === 'done') ended.set(machine, activePaths(value))
      else ended.delete(machine)
      if (from !== state && snapshot.status !== 'stopped')
        told({ type: 'state.entered', machine, instance, state, from, event: eventLabel(event.event.type) })
    },
    /** As `MoonwalkNode.activeStates` says. */
    states(): Readonly<Record<string, readonly string[]>> {
      const all = [...running.values()]
      const byMachine = joined(all.map(({ machine, paths }) => [machine, paths]))
      const listed = [...byMachine.keys()].flatMap((machine) =>
        all.filter((one) => one.machine === machine && one.instance !== '').slice(-MAX_LISTED),
      )
      const byInstance = joined(listed.map(({ machine, instance, paths }) => [instanceKey(machine, instance), paths]))
      return Object.fromEntries([...ended, ...byMachine, ...byInstance])
    },
  }
}

function joined(parts: readonly (readonly [key: string, paths: readonly string[]])[]): ReadonlyMap<string, readonly string[]> {
  const sets = new Map<string, Set<string>>()
  for (const [key, paths] of parts) sets.set(key, new Set([...(sets.get(key) ?? []), ...paths]))
  return new Map([...sets].map(([key, paths]) => [key, [...paths]]))
}

/**
 * The instance's name: `name` in the machine's context, else the actor's own id (`createActor(machine, { id })`, or that of an
 * `invoke` or `spawn`), without the machine's id and a dot in front. Empty for an id that XState made up and for the machine's own.
 */
function instanceOf(machine: string, id: unknown, context: unknown): string {
  if (typeof context === 'object' && context !== null && 'name' in context && typeof context.name === 'string') return context.name
  if (typeof id !== 'string' || id === machine || isMadeUpId(id)) return ''
  return id.startsWith(`${machine}.`) ? id.slice(machine.length + 1) : id
}
