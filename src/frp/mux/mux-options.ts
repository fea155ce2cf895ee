// What a yamux session is given, and what its owner has of it.
import type { FrpClock } from '../contract.ts'
import type { OpenedLink, Reader } from '../links/link.ts'
import type { MuxSession, MuxStream } from './mux-contract.ts'
import type { MuxLimits } from './mux-limits.ts'
import type { Defer } from './mux-queue.ts'
import type { Slabs } from './slabs.ts'

export interface MuxOptions {
  /** Which end opens streams with odd numbers: the one that dialled. */
  readonly client: boolean
  /** For TLS, whose bytes come in records of 16 KiB: what is read in one turn of the event loop is passed on together. */
  readonly gather: boolean
  readonly clock: FrpClock
  /** A ping this often; 0: none. */
  readonly keepaliveMs: number
  /** The session ends when nothing at all arrives for so long after a ping. */
  readonly silenceMs: number
  /** A stream the other end opened. Set its listeners now. */
  readonly onStream: (stream: MuxStream) => void
  /** The session is over (once); its streams are gone, or go once their links are. */
  readonly onClose: (why: string) => void
  readonly limits?: Partial<MuxLimits>
  /** How writes of one tick are gathered; default: Node's. */
  readonly defer?: Defer
  /** Where read buffers come from; default: one store for the process. */
  readonly slabs?: Slabs
}

export interface Mux extends MuxSession {
  /** For `dial` or `AcceptedLink.open` of the session's own link. */
  reader(): Reader
  /** Begins, once the link stands. `first`: bytes read from it before. */
  start(opened: OpenedLink, first: Buffer | null): void
  /** Asks the other end to open no more streams; those that are open live on. */
  goAway(): void
  /** Pings the other end and tells the round trip. Never told once the session is over, or when later pings took its place. */
  ping(answered: (rttMs: number) => void): void
  /** Other intervals than the options', from now on: who the other end is is often known only after the login. */
  setKeepalive(keepaliveMs: number, silenceMs: number): void
  /** The last ping's round trip; null before the first answer. */
  readonly rttMs: number | null
}
