// Why a known address (`--join`, `add`, an invitation) did not let this node in.

/** What the members' channel says of who does not prove the secret that this node has. */
export const NO_MEMBER = 'it is no member of this network'

/** What it says of a node that has another key than the one that is expected there. */
export const ANOTHER_NODE = 'another node answers there'

/** What `up` says of an address that has not answered within `SEED_PATIENCE`; the real reason follows. */
export const NO_ANSWER_YET = 'no answer yet'

export interface SeedFault {
  /** `foreign`: a node of another network; `stranger`: it answers, and is no node of this kind of network; else as the network said. */
  readonly reason: 'refused' | 'timeout' | 'unreachable' | 'withheld' | 'foreign' | 'stranger' | 'other'
  /** One clause. */
  readonly why: string
}

const AS_THEY_ARE = ['refused', 'timeout', 'unreachable', 'withheld'] as const

/** `reason`: a `Failure`'s. */
export function seedFault(reason: string, text: string): SeedFault {
  return { reason: AS_THEY_ARE.find((one) => one === reason) ?? 'other', why: text }
}

/** Somebody answers there, and does not understand our hello. `why`: what came instead; null where that says nothing. */
export function strangerFault(kind: 'open' | 'private', why: string | null): SeedFault {
  if (kind === 'private' && why === NO_MEMBER)
    return { reason: 'foreign', why: 'it is in another network, or has another secret than the invitation that was given' }
  const more = why === null ? '' : ` (${why})`
  return { reason: 'stranger', why: `what answers there is no server of ${kind === 'open' ? 'an open network' : 'this network'}${more}` }
}

/** What a person can do about it, as a sentence. */
export function seedFix({ reason }: SeedFault): string {
  switch (reason) {
    case 'refused':
      return 'Check that the node runs there and that the port is right (8088 unless it was set).'
    case 'timeout':
      return 'Check the address, and that its firewall and router let the port through.'
    case 'unreachable':
      return "Check the address or how its name is written, and this machine's network and DNS."
    case 'withheld':
      return 'See --addresses: it says which addresses this node may contact.'
    case 'foreign':
      return 'Ask a member for a new invitation (`moonwalk invite`).'
    case 'stranger':
      return 'Check the port: another program answers there. A private network is joined by its invitation.'
    case 'other':
      return 'It is tried again and again; look at that machine.'
  }
}
