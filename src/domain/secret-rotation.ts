// A network's secret is replaced without a moment in which members do not understand each other: the new one is added everywhere,
// then proven with everywhere, then the old one is dropped everywhere.

/** The secrets that a member holds. */
export interface Keyring {
  /** The first is proven with; all are taken. Never empty. */
  readonly secrets: readonly string[]
  /** One of them that was added and is not proven with yet. */
  readonly added: string | null
}

export type RotationStep =
  /** `secret`: as another member made it, or a new one. */
  { readonly type: 'add'; readonly secret: string } | { readonly type: 'first' } | { readonly type: 'drop' }

export type Rotated = { readonly type: 'rotated'; readonly keyring: Keyring } | { readonly type: 'refused'; readonly text: string }

export const MAX_SECRETS = 3

/** Takes the step that a person asked for, or says which comes before. A step that was taken already changes nothing. */
export function rotate(keyring: Keyring, step: RotationStep): Rotated {
  const { secrets, added } = keyring
  const [first = ''] = secrets
  if (step.type === 'add') {
    if (secrets.includes(step.secret)) return { type: 'rotated', keyring }
    if (added !== null) return refused('a new secret was added already; go on with `moonwalk network rotate first`')
    if (secrets.length >= MAX_SECRETS)
      return refused(`a member holds at most ${MAX_SECRETS} secrets; end the old ones with \`moonwalk network rotate drop\``)
    return rotated([...secrets, step.secret], step.secret)
  }
  if (step.type === 'first') {
    if (added !== null) return rotated([added, ...secrets.filter((secret) => secret !== added)], null)
    return secrets.length > 1 ? { type: 'rotated', keyring } : refused('there is no new secret; begin with `moonwalk network rotate`')
  }
  if (added !== null) return refused('the new secret is not proven with yet; `moonwalk network rotate first` comes before')
  return rotated([first], null)
}

const rotated = (secrets: readonly string[], added: string | null): Rotated => ({ type: 'rotated', keyring: { secrets, added } })
const refused = (text: string): Rotated => ({ type: 'refused', text })
