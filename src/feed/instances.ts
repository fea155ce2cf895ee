// Active states by machine and by instance, in one record: `{ turnSession: [...], 'turnSession/203.0.113.9:4711': [...] }`.
import type { ActiveStates } from './delta.ts'

/** The key of one instance. Ids of machines have no slash in them. */
export const instanceKey = (machine: string, instance: string): string => `${machine}/${instance}`

/** The machines in the record, without their instances. */
export const machinesOf = (states: ActiveStates): readonly string[] => Object.keys(states).filter((key) => !key.includes('/'))

/** The instances of one machine by name, those here longest first. */
export const instancesOf = (states: ActiveStates, machine: string): ReadonlyMap<string, readonly string[]> =>
  new Map(Object.entries(states).flatMap(([key, paths]) => (key.startsWith(`${machine}/`) ? [[key.slice(machine.length + 1), paths]] : [])))
