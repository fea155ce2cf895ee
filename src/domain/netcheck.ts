// How this node is seen from outside: what each peer that was asked to connect back has said, and what follows from it.
import { hostKind, parseAddress } from './address.ts'

/** What one peer has said last. */
export interface ReachFinding {
  readonly by: string
  /** The host it saw this node at; null where it did not say, as through a tunnel. */
  readonly seenAt: string | null
  /** `reached`: it connected to `address`. `refused` and `silent`: it tried and could not. `untried`: it did not try. */
  readonly dialBack: 'reached' | 'refused' | 'silent' | 'untried'
  readonly address: string | null
  /** Wall time. */
  readonly atMs: number
}

/**
 * `none`: the machine has the address that others reach. `forwarded`: behind NAT, and a router passes the port on. `firewall`: no NAT,
 * and the port is closed. `nat`: behind NAT, and the port is not passed on. `several`: the same, and peers see it at different hosts,
 * as behind a provider's NAT. `closed`: this node listens nowhere. `unknown`: nobody has said enough.
 */
export type NatKind = 'none' | 'forwarded' | 'firewall' | 'nat' | 'several' | 'closed' | 'unknown'

export interface Nat {
  readonly kind: NatKind
  /** A sentence. */
  readonly text: string
}

export interface NatFacts {
  readonly listens: boolean
  /** Of this machine. */
  readonly ownHosts: readonly string[]
  /** Where others reach it without a TURN; null: they do not, or it is not known. */
  readonly reachedAt: string | null
  readonly findings: readonly ReachFinding[]
}

/** As far as dial-backs tell. Peers in this machine's own network say nothing of a NAT in front of both. */
export function natOf({ listens, ownHosts, reachedAt, findings }: NatFacts): Nat {
  if (!listens) return { kind: 'closed', text: 'nothing is opened to the outside (--no-listen): everything arrives through a tunnel' }
  const seen = [...new Set(findings.flatMap(({ seenAt }) => (seenAt === null ? [] : [seenAt])))]
  const own = new Set(ownHosts)
  if (reachedAt !== null) {
    const host = parseAddress(reachedAt)?.host ?? reachedAt
    return own.has(host) || hostKind(host) === 'loopback'
      ? { kind: 'none', text: `no NAT: this machine has the address ${host} itself` }
      : { kind: 'forwarded', text: `behind NAT with the port passed on: others reach ${reachedAt}, which no interface of this machine has` }
  }
  const missed = findings.filter(({ dialBack }) => dialBack === 'refused' || dialBack === 'silent')
  if (missed.length === 0) return { kind: 'unknown', text: 'not known: nobody has tried to connect back yet' }
  const outside = seen.filter((host) => !own.has(host))
  if (outside.length > 1)
    return {
      kind: 'several',
      text: `behind NAT with several addresses outside (${outside.join(', ')}), as of a provider: no port can be passed on reliably`,
    }
  if (outside.length === 1)
    return { kind: 'nat', text: `behind NAT: others see ${outside[0]}, and its router does not pass the port on to this machine` }
  if (seen.length === 0) return { kind: 'unknown', text: 'others can not connect, and none has said at which address it sees this machine' }
  return { kind: 'firewall', text: `no NAT, but a firewall: others see ${seen.join(', ')}, which this machine has, and can not connect` }
}

export interface TurnBrief {
  readonly name: string
  readonly address: string
  readonly rttMs: number | null
}

/** What is known of whether others reach this node without a TURN. */
export type Reached = 'proven' | 'refused' | 'unknown'

/** Why the TURN in use is not the nearest one, or that it is; a clause. `reason`: what the choice says of itself as figures are now. */
export function turnsText(nearest: TurnBrief | null, chosen: (TurnBrief & { readonly reason: string }) | null, reached: Reached): string {
  if (chosen === null) {
    if (reached === 'proven') return 'none is used: others reach this node directly'
    if (reached === 'unknown') return 'none is used: whether others reach this node directly is not known yet'
    return nearest === null ? 'nobody who can be reached carries traffic for others' : `${nearest.name} is about to be tried`
  }
  return nearest === null || nearest.address === chosen.address ? 'the chosen one is the nearest that carries traffic' : chosen.reason
}
