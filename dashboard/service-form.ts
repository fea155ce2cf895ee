// What a person writes to have something exposed, as the node takes it.
import type { ServiceSpec } from '../src/answers.ts'
import { isByDomain } from '../src/domain/service-kind.ts'

export interface Written {
  /** `3000`, or `host:port`. */
  readonly target: string
  /** Empty: one is made up. */
  readonly name: string
  readonly kind: ServiceSpec['kind']
  /** For http and https. */
  readonly domain: string
  /** Nothing public is opened for it. */
  readonly isPrivate: boolean
}

export type ReadForm = { readonly type: 'spec'; readonly spec: ServiceSpec } | { readonly type: 'wrong'; readonly text: string }

/** `taken`: names that services of this node have. What it lets pass, the node looks at as well. */
export function readForm({ target, name, kind, domain, isPrivate }: Written, taken: readonly string[]): ReadForm {
  const [, host = '127.0.0.1', port = ''] = /^(?:(.+):)?(\d{1,5})$/.exec(target.trim()) ?? []
  if (!(Number(port) >= 1 && Number(port) <= 65_535))
    return { type: 'wrong', text: 'Write the port that the service listens at, such as 3000, or HOST:PORT.' }
  const byName = isByDomain(kind)
  if (byName && domain.trim() === '') return { type: 'wrong', text: `A service of ${kind} needs the domain that it answers to.` }
  const called = name.trim() === '' ? `${kind}-${port}` : name.trim()
  if (taken.includes(called)) return { type: 'wrong', text: `There is a service ${called} already; give this one another name.` }
  const spec = { name: called, kind, local: `${host}:${Number(port)}`, domain: byName ? domain.trim() : null }
  return { type: 'spec', spec: isPrivate ? { ...spec, options: { private: true } } : spec }
}
