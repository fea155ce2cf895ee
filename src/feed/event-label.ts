/**
 * An event's type as people read it: in diagrams, in news (`state.entered`) and where the dashboard looks for an arrow. XState's
 * own become `after restPeriod`, `after 500 ms`, `done probe`, `error probe`, `snapshot probe` and `start`; any other stays as it is.
 * `actors`: the name of each invoked actor by its id; without it an id that XState made up is left out.
 */
export function eventLabel(type: string, actors: Readonly<Record<string, string>> = {}): string {
  if (type === 'xstate.init') return 'start'
  const after = /^xstate\.after\.([^.]+)/.exec(type)?.[1]
  if (after !== undefined) return /^\d+$/.test(after) ? `after ${after} ms` : `after ${after}`
  const [, what = '', of = '', id = ''] = /^xstate\.(done|error|snapshot)\.?(actor|state)?\.?(.*)$/.exec(type) ?? []
  if (what === '') return type
  return [what, actors[id] ?? (of === 'state' || isMadeUpId(id) ? '' : id)].filter(Boolean).join(' ')
}

/** Ids that XState gives to actors for which none was written: `x:0`, `0.node.probing`. */
export const isMadeUpId = (id: string): boolean => /^x:\d+$|^\d+\.[^\d]/.test(id)
