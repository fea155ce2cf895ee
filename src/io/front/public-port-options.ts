import type { OnBug } from '../../frp/index.ts'
import type { ServeOptions } from '../../ports.ts'
import type { Descriptors } from '../network/descriptors.ts'
import type { ChannelSelf } from '../network/members-channel.ts'
import { BODY_LIMITS, type BodyLimits } from './body-budget.ts'
import { CALLER_LIMITS, type CallerLimits } from './callers.ts'

export interface PublicPortOptions extends ServeOptions, Partial<PublicPortLimits> {
  /** Hears of bugs. Where a handler threw, the request is answered with 500. */
  readonly onBug: OnBug
  /** Default: those of the process. */
  readonly descriptors?: Descriptors
  /** Who this node is on the members' channel; absent: there is none here. */
  readonly self?: ChannelSelf | undefined
}

export interface PublicPortLimits extends CallerLimits, BodyLimits {
  /** From a request's first byte to the end of its headers. Default 5 s. */
  readonly headersMs: number
  /** A whole request for the node itself, and its whole answer. Default 60 s. */
  readonly requestMs: number
  /** Of a body or an answer of the node itself, in any time of this length at least so many bytes have to pass. Default 5 s, 40 KiB. */
  readonly paceMs: number
  readonly paceBytes: number
  /** A pause in the body of a request for a domain. Stock frps has no limit. Default 10 min. */
  readonly pauseMs: number
  /** From the last byte of a request for a domain to the first of its service's answer. Default 60 s, as stock frps. */
  readonly serviceMs: number
  /** How long a user's body waits for its service to say `100 Continue`. Default 1 s. */
  readonly continueMs: number
  /** Open connections at once, of all kinds. Default 8,192. */
  readonly maxOpen: number
}

const DEFAULTS: PublicPortLimits = {
  ...CALLER_LIMITS,
  ...BODY_LIMITS,
  headersMs: 5_000,
  requestMs: 60_000,
  paceMs: 5_000,
  paceBytes: 40 << 10,
  pauseMs: 600_000,
  serviceMs: 60_000,
  continueMs: 1_000,
  maxOpen: 8_192,
}

export const limitsOf = (options: PublicPortOptions): PublicPortLimits => ({ ...DEFAULTS, ...options })

/** Of a request. Stock frps takes 1 MiB; here thousands of connections that have asked for nothing yet may each hold so much. */
export const MAX_HEADER_BYTES = 64 << 10
/** Of a service's answer: as much as Chrome takes. Stock frps takes 10 MiB. */
export const MAX_ANSWER_HEADER_BYTES = 256 << 10
/** An idle connection of HTTP/1 or HTTP/2 is closed after this long. */
export const KEEP_ALIVE_MS = 30_000
/**
 * One of a node that has proven who it is. Nodes come again and again, and a new connection costs both of them six requests: among
 * ten, each compares its table with each other about once a minute.
 */
export const NODES_KEEP_ALIVE_MS = 120_000
