// What the node's own thread and the one that measures say to each other. Whether an address may be asked is decided in the node's.
import type { KeyObject } from 'node:crypto'
import type { NetworkKind } from '../../domain/network-kind.ts'
import type { Failure, PeerAnswer, PeerRequest } from '../../ports.ts'

/** A request that measures: what of it can be said. */
export type TimedRequest = Pick<PeerRequest, 'over' | 'expect' | 'path' | 'headers' | 'timeoutMs' | 'maxBytes'> &
  Required<Pick<PeerRequest, 'timed'>>

/** What the thread is started with. `privateKey`: this node's on the members' channel; null: it has none. */
export interface ThreadStart {
  readonly privateKey: KeyObject | null
}

export type ToThread =
  | {
      readonly type: 'ask'
      readonly number: number
      readonly address: string
      readonly request: TimedRequest
      /** As it is now: secrets are replaced while the node lives. */
      readonly network: NetworkKind
    }
  | { readonly type: 'abort'; readonly number: number }
  /** `refusal`: why the connection may not be made; null: it may, and counts from now on. */
  | { readonly type: 'dial.decided'; readonly dial: number; readonly refusal: Failure | null }
  | { readonly type: 'drop.warm' }

export type FromThread =
  | { readonly type: 'ready' }
  /** The body is a plain `Uint8Array` once it has crossed. */
  | { readonly type: 'answered'; readonly number: number; readonly answer: PeerAnswer | Failure }
  /** May a connection be made to that IP for the request `number`? */
  | { readonly type: 'dial.asked'; readonly number: number; readonly dial: number; readonly ip: string }
  /** The other end closed a warm connection of the members' channel. */
  | { readonly type: 'closed'; readonly address: string }
  /** One that was allowed is over, or was not made. */
  | { readonly type: 'dial.over' }
