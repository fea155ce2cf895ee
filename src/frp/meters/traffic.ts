// What a session carries, per proxy: each proxy's meter, and the streams that end with it.
import type { FrpClock } from '../contract.ts'
import type { MuxStream } from '../mux/mux-contract.ts'
import { type ProxyFigures, ProxyMeter } from './proxy-meter.ts'

interface Account {
  readonly meter: ProxyMeter
  readonly open: Set<MuxStream>
}

/** What a stream has received and sent. */
export type Bytes = Pick<MuxStream, 'bytesIn' | 'bytesOut'>

export const NO_BYTES: Bytes = { bytesIn: 0, bytesOut: 0 }

export interface TrafficOptions {
  readonly clock: FrpClock
  /** At the service's end what a stream receives comes from users; at the TURN's end it goes to them. */
  readonly receivedIs: 'in' | 'out'
  /** A meter that is to go on; null: a new one. */
  readonly meterOf?: (proxy: string) => ProxyMeter | null
  /** A proxy is closed: what it carried in all. */
  readonly onEnd?: (figures: ProxyFigures) => void
}

export class Traffic {
  readonly #options: TrafficOptions
  readonly #accounts = new Map<string, Account>()
  #now = 0

  constructor(options: TrafficOptions) {
    this.#options = options
  }

  /**
   * Counts a stream that now carries a user's connection, until it is gone. Takes its `onGone`, and passes it on. `before`:
   * bytes that were not the user's. `counter`: who knows the user's bytes where the stream carries them encoded.
   */
  begin(proxy: string, stream: MuxStream, before: Bytes, onGone: () => void = () => {}, counter: Bytes = stream): void {
    const isIn = this.#options.receivedIs === 'in'
    const end = this.meter(proxy).begin(() => {
      const received = counter.bytesIn - before.bytesIn
      const sent = counter.bytesOut - before.bytesOut
      return isIn ? { bytesIn: received, bytesOut: sent } : { bytesIn: sent, bytesOut: received }
    })
    this.#now++
    this.hold(proxy, stream, () => {
      this.#now--
      end()
      onGone()
    })
  }

  /**
   * A stream that carries the datagrams of all users: it ends with its proxy, and does not
   * count as a connection. Takes its `onGone`, and passes it on.
   */
  hold(proxy: string, stream: MuxStream, onGone: () => void): void {
    const { open } = this.#account(proxy)
    open.add(stream)
    stream.onGone = () => {
      if (open.delete(stream)) onGone()
    }
  }

  meter(proxy: string): ProxyMeter {
    return this.#account(proxy).meter
  }

  /** Somebody was not served; `why` is one clause. */
  failed(proxy: string, why: string): void {
    this.meter(proxy).failed(why, this.#options.clock.wallMs())
  }

  /** Ends what a closed proxy still carries, and forgets it. */
  end(proxy: string): void {
    const account = this.#accounts.get(proxy)
    if (account === undefined) return
    for (const stream of [...account.open]) stream.reset()
    this.#accounts.delete(proxy)
    this.#options.onEnd?.({ ...account.meter.figures(this.#options.clock.now()), connectionsNow: 0 })
  }

  endAll(): void {
    for (const proxy of [...this.#accounts.keys()]) this.end(proxy)
  }

  /** Users' connections (tcp) that streams carry. */
  get connectionsNow(): number {
    return this.#now
  }

  #account(proxy: string): Account {
    const known = this.#accounts.get(proxy)
    if (known !== undefined) return known
    const account = { meter: this.#options.meterOf?.(proxy) ?? new ProxyMeter(), open: new Set<MuxStream>() }
    this.#accounts.set(proxy, account)
    return account
  }
}
