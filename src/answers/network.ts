// Its network: the kind, the invitation, and how they change.
import type { RotationStep } from '../domain/secret-rotation.ts'
import type { Refusal } from './refusal.ts'

/** The network a node is in, without its secrets. */
export interface NetworkAnswer {
  readonly schemaVersion: 1
  readonly kind: 'open' | 'private'
  /** What the kind means, as a clause. */
  readonly text: string
  /**
   * Of a private network, by a fingerprint each. `proven`: this node proves it to
   * others; `added`: it will, in a rotation; all are taken.
   */
  readonly secrets: readonly { readonly fingerprint: string; readonly use: 'proven' | 'added' | 'taken' }[]
}

/** What others need to join a private network. */
export interface InvitationAnswer {
  readonly schemaVersion: 1
  /** `mw1.…`: see src/invitation.ts. It holds the network's secret. */
  readonly invitation: string
}

/** What a person may ask about the network of a running node. */
export interface NetworkDesk {
  show(): NetworkAnswer
  /** Refused in an open network. */
  invite(): InvitationAnswer | Refusal
  /**
   * A step of replacing the secret, taken at once and kept. `add`: a further one is taken, of `invitation` or else a new one: the
   * answer's `invitation` then carries it to the other members. `first`: what was added is proven. `drop`: all others end.
   */
  rotate(step: RotationStep['type'], invitation?: string): Promise<(NetworkAnswer & { readonly invitation?: string }) | Refusal>
}
