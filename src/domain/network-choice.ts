// Which network a node is in, from what its directory holds and what a person asked for.

export interface NetworkWish {
  /** What the data directory holds. `older`: a node that knew open networks only left it, or a person a table alone. */
  readonly kept:
    | { readonly type: 'none' | 'open' }
    | { readonly type: 'older'; readonly isTableAlone: boolean }
    | { readonly type: 'private'; readonly secrets: readonly string[] }
  /** By `--open`, or the key `network`. Null: nothing was said. */
  readonly asked: 'open' | 'private' | null
  /** Secrets of the invitations that were given. */
  readonly invited: readonly string[]
  /** Whether plain addresses were given. */
  readonly hasPlainSeeds: boolean
  /** As people name the directory. */
  readonly dir: string
}

export type NetworkChoice =
  /** As it was. */
  | { readonly type: 'kept' }
  | { readonly type: 'open' }
  /** `secret` null: a new network with a new secret. */
  | { readonly type: 'private'; readonly secret: string | null }
  /** The nodes at the plain addresses say which kind theirs is, and the person then what is wanted. */
  | { readonly type: 'askSeeds' }
  | { readonly type: 'refused'; readonly text: string }

export function chooseNetwork({ kept, asked, invited, hasPlainSeeds, dir }: NetworkWish): NetworkChoice {
  const isPrivate = kept.type === 'private'
  const strange = [...new Set(invited)].filter((secret) => !(isPrivate && kept.secrets.includes(secret)))
  const another = 'or give this node a directory of its own with --data'
  if (asked === 'open' && invited.length > 0)
    return refused('an invitation is for a private network, and --open asks for an open one; leave one of them out')
  // Where no node was, a person's word is the first one.
  if (kept.type === 'none' || (kept.type === 'older' && kept.isTableAlone && (strange.length > 0 || asked === 'private'))) {
    const [secret] = strange
    if (strange.length > 1) return refused('the invitations are of different networks; a node is in one')
    if (secret !== undefined) return { type: 'private', secret }
    if (asked === 'open') return { type: 'open' }
    return hasPlainSeeds ? { type: 'askSeeds' } : { type: 'private', secret: null }
  }
  if (strange.length > 0)
    return refused(
      `${dir} is in ${isPrivate ? 'another private network than the invitation' : 'an open network, which needs no invitation'}; change it with \`moonwalk network join INVITATION --data ${dir}\`, ${another}`,
    )
  if (asked === 'open' && isPrivate)
    return refused(`${dir} is in a private network; change it with \`moonwalk network open --data ${dir}\`, ${another}`)
  if (asked === 'private' && !isPrivate)
    return refused(`${dir} is in an open network; change it with \`moonwalk network private --data ${dir}\`, ${another}`)
  return kept.type === 'older' ? { type: 'open' } : { type: 'kept' }
}

const refused = (text: string): NetworkChoice => ({ type: 'refused', text })
