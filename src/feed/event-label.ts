/**
 * An event's type as people read it. XState's own become `after restPeriod`, `probe done`, `probe failed`, `probe value`; any other
 * stays as it is. `actors`: the name of each invoked actor by its id; without it an id that XState made up is left out.
 */
export function eventLabel(type: string, actors: Readonly<Record<string, string>> = {}): string {
  const after = /^xstate\.after\.(.+?)(?:\.[^.\d][^.]*(?:\..*)?)?$/.exec(type)
  if (after) return /^\d+$/.test(after[1] ?? '') ? `after ${after[1]} ms` : `after ${after[1]?.split('.')[0]}`
  const own = /^xstate\.(done|error|snapshot)\.?(actor|state)?\.?(.*)$/.exec(type)
  if (!own) return type
  const id = own[3] ?? ''
  const actor = actors[id] ?? (/^\d+\./.test(id) || own[2] === 'state' ? '' : id)
  return [actor, own[1] === 'done' ? 'done' : own[1] === 'error' ? 'failed' : 'value'].filter(Boolean).join(' ')
}
