// How the node stands: what `status` answers.
import type { CarriedAnswer, ClientAnswer } from './carried.ts'
import type { ServiceAnswer } from './services.ts'

export interface StatusAnswer {
  readonly schemaVersion: 1
  readonly node: {
    readonly id: string
    readonly name: string
    readonly version: string
    /** The path of the node machine's state, such as `tunnelling.up`. */
    readonly state: string
    /** Where others reach this node; null while nothing is proven. */
    readonly address: string | null
    readonly reachability: 'public' | 'tunnelled' | 'unknown'
    readonly startedAt: string
    /** The kind of network it is in; `text`: what that means, as a clause. */
    readonly network: { readonly kind: 'open' | 'private'; readonly text: string }
  }
  /** The first of them, or while none is open the first that is to be; null where none is used. */
  readonly turn: TurnAnswer | null
  /** A tunnel each, best first. */
  readonly turns: readonly TunnelAnswer[]
  /** The TURNs that a person pinned on the running node, the best first, by id or address: nobody else is used. Absent: none are. */
  readonly pins?: readonly string[]
  readonly services: readonly ServiceAnswer[]
  /** What this node carries as TURN, those who have been here longest first, with at most 1,000 proxies in all. */
  readonly clients: readonly ClientAnswer[]
  /** All it carries and has carried as TURN, however many that are. */
  readonly carried: CarriedAnswer
  /** Automatic speed tests within the last day, both ways together. `budgetBytes` 0: there are none. */
  readonly speedtests: { readonly budgetBytes: number; readonly usedBytes: number }
  readonly health: readonly HealthAnswer[]
}

export interface TurnAnswer {
  readonly id: string | null
  readonly name: string
  readonly address: string
  readonly rttMs: number | null
  /** As the figures are now: also what is nearest, and why that one is not used. */
  readonly reason: string
  /** When its latency was last measured; null: not known. */
  readonly reasonAt: string | null
  readonly since: string
  readonly provenAt: string | null
}

/** One of the tunnels that a node behind NAT holds. */
export interface TunnelAnswer {
  readonly id: string | null
  readonly name: string
  readonly address: string
  readonly rttMs: number | null
  /**
   * `opening`: nothing came through it yet, or comes any more. `retiring`: it was
   * left, and its users have time to end their connections.
   */
  readonly state: 'open' | 'opening' | 'retiring'
  /** Where this node is reached through it; null unless it is open. */
  readonly public: string | null
  readonly since: string | null
  readonly provenAt: string | null
}

export interface HealthAnswer {
  readonly level: 'info' | 'warn' | 'error'
  /** What is wrong, as a clause. */
  readonly text: string
  /** What to do about it, as a sentence. */
  readonly fix: string
}

/** What is pinned from now on, the best first. */
export interface PinAnswer {
  readonly type: 'pinned'
  readonly turns: readonly { readonly name: string; readonly address: string }[]
}
