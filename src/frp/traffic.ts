// What a session carried, per proxy.
import type { MuxStream } from './mux-contract.ts'

export interface ProxyFigures {
  readonly proxy: string
  readonly connectionsNow: number
  readonly connectionsEver: number
  /** From users to the service, and back; as carried, so after encryption and compression where those are on. */
  readonly bytesIn: number
  readonly bytesOut: number
}

interface Account {
  ever: number
  bytesIn: number
  bytesOut: number
  /** With what each had carried before: the messages of the handshake. */
  readonly open: Map<MuxStream, Bytes>
}

export type Bytes = Pick<MuxStream, 'bytesIn' | 'bytesOut'>

export class Traffic {
  /** At the service's end what the stream receives comes from users; at the TURN's end it goes to them. */
  readonly #receivedIs: 'in' | 'out'
  readonly #accounts = new Map<string, Account>()
  #now = 0

  constructor(receivedIs: 'in' | 'out') {
    this.#receivedIs = receivedIs
  }

  /** Counts a stream that now carries a user's connection, until it is gone. Takes its `onGone`, and passes it on. `before`: bytes that were not the user's. */
  begin(proxy: string, stream: MuxStream, before: Bytes, onGone: () => void = () => {}): void {
    const account = this.#accounts.get(proxy) ?? { ever: 0, bytesIn: 0, bytesOut: 0, open: new Map<MuxStream, Bytes>() }
    this.#accounts.set(proxy, account)
    account.ever++
    account.open.set(stream, before)
    this.#now++
    stream.onGone = () => {
      if (!account.open.delete(stream)) return
      this.#now--
      this.#add(account, stream, before)
      onGone()
    }
  }

  /** Ends what a closed proxy still carries, and leaves it out of the figures. */
  end(proxy: string): void {
    for (const stream of [...(this.#accounts.get(proxy)?.open.keys() ?? [])]) stream.reset()
    this.#accounts.delete(proxy)
  }

  endAll(): void {
    for (const proxy of [...this.#accounts.keys()]) this.end(proxy)
  }

  get connectionsNow(): number {
    return this.#now
  }

  figures(): readonly ProxyFigures[] {
    return [...this.#accounts].map(([proxy, { ever, bytesIn, bytesOut, open }]) => {
      const sum = { bytesIn, bytesOut }
      for (const [stream, before] of open) this.#add(sum, stream, before)
      return { proxy, connectionsNow: open.size, connectionsEver: ever, ...sum }
    })
  }

  #add(sum: { bytesIn: number; bytesOut: number }, stream: MuxStream, before: Bytes): void {
    const received = stream.bytesIn - before.bytesIn
    const sent = stream.bytesOut - before.bytesOut
    sum.bytesIn += this.#receivedIs === 'in' ? received : sent
    sum.bytesOut += this.#receivedIs === 'in' ? sent : received
  }
}
