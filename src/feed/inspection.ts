// XState's inspection events as news: the one place that knows their shape.
import type { InspectionEvent, StateValue } from 'xstate'
import { eventLabel } from './event-label.ts'
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

/** Watches machines; `told` hears of every state entered, and `states` is what is active now per machine, in all that run of it. */
export function createStateWatch(told: (news: Extract<News, { type: 'state.entered' }>) => void) {
  const running = new Map<string, { readonly machine: string; readonly state: string; readonly paths: readonly string[] }>()
  /** Final states stay on show until the machine runs anew. */
  const ended = new Map<string, readonly string[]>()
  return {
    inspect(event: InspectionEvent): void {
      if (event.type !== '@xstate.snapshot') return
      const { snapshot } = event
      if (!('machine' in snapshot) || !('value' in snapshot)) return
      const machine = (snapshot.machine as { readonly id: string }).id
      const value = snapshot.value as StateValue
      const state = pathOf(value)
      const key = event.actorRef.sessionId
      const from = running.get(key)?.state ?? ''
      // A machine that is stopped by another enters no state: it is just not there any more.
      if (snapshot.status === 'active') running.set(key, { machine, state, paths: activePaths(value) })
      else running.delete(key)
      if (snapshot.status === 'done') ended.set(machine, activePaths(value))
      else ended.delete(machine)
      if (from !== state && snapshot.status !== 'stopped')
        told({ type: 'state.entered', machine, state, from, event: eventLabel(event.event.type) })
    },
    states(): Readonly<Record<string, readonly string[]>> {
      const active = new Map<string, Set<string>>()
      for (const { machine, paths } of running.values()) active.set(machine, new Set([...(active.get(machine) ?? []), ...paths]))
      return Object.fromEntries([...ended, ...[...active].map(([machine, paths]) => [machine, [...paths]] as const)])
    },
  }
}
