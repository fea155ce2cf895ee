// Values as they were given, and the words about one that does not fit.
import { nearest } from '../domain/nearest.ts'
import { type ConfigKey, SETTINGS, type Setting, variableOf } from './settings.ts'

export type Source = 'option' | 'flag' | 'variable' | 'file'
/** Values as they were given; lists replace one another as wholes. */
export type Given = Readonly<Partial<Record<ConfigKey, unknown>>>

/** What was meant by a key that is not known. */
export function meantBy(key: string, known: readonly string[]): string {
  if (key === 'offerTurn') return '; it is called offer now, and is "members", "everybody" or "nobody"'
  const word = keyOfFlag(key, known) ?? nearest(key, known)
  return word === null ? '' : `; did you mean ${word}?`
}

/** The key whose flag is called so: `seeds` for `join`. */
function keyOfFlag(name: string, known: readonly string[]): string | null {
  const isCalled = (flag: string | undefined): boolean => flag?.split(' ')[0] === `--${name}`
  const called = Object.entries<Setting>(SETTINGS).find(([, { flag, off }]) => isCalled(flag) || isCalled(off))
  return called && known.includes(called[0]) ? called[0] : null
}

/** Names the place where a value was given. */
export function whereOf(source: Source, key: string, file: string): string {
  if (source === 'variable') return variableOf(key)
  if (source === 'option') return `option "${key}"`
  const setting: Setting | undefined = SETTINGS[key as ConfigKey]
  return source === 'flag' ? (setting?.flag.split(' ')[0] ?? key) : `${file}, key "${key}"`
}

interface Issue {
  readonly code: string | undefined
  readonly message: string
  readonly path: readonly PropertyKey[]
  readonly errors?: unknown
}

/** zod's issue as a clause: our readers quote the value themselves, to the rest it is added. */
export function sentence(issue: Issue, given: Given): string {
  const [inner = issue] = issue.code === 'invalid_union' && Array.isArray(issue.errors) ? (issue.errors.flat() as Issue[]).slice(-1) : []
  if (inner.code === 'custom') return inner.message
  const value = issue.path.reduce<unknown>((at, key) => (at as Readonly<Record<PropertyKey, unknown>>)[key], given)
  return `${JSON.stringify(value) ?? String(value)} does not fit: it ${inner.message}`
}
