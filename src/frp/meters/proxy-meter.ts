// What one proxy carried and what went wrong, in bytes as its users see them: before encryption and compression, without
// frp's own messages. Nothing is pushed: a connection's counters are read when somebody asks, and once more when it ends.
import { UdpFlows } from '../server/udp-flows.ts'

/** `bytesIn`: from users to the service. */
export interface UserBytes {
  readonly bytesIn: number
  readonly bytesOut: number
}

export interface ProxyFigures extends UserBytes {
  /** Of users; for udp those whose datagrams passed within 30 s. What is sent to prove a service counts, as it does for the TURN. */
  readonly connectionsNow: number
  readonly connectionsEver: number
  readonly errorsEver: number
  /** `atMs`: wall time. */
  readonly lastError: { readonly text: string; readonly atMs: number } | null
}

/** It may be used by one tunnel after the other: its counts then go on. */
export class ProxyMeter {
  readonly #open = new Set<{ readonly read: () => UserBytes }>()
  #flows: UdpFlows | null = null
  #ever = 0
  #bytesIn = 0
  #bytesOut = 0
  #errors = 0
  #lastError: ProxyFigures['lastError'] = null

  /** A user's connection began; `read` tells what it has carried so far. Answers its end, which may be told twice. */
  begin(read: () => UserBytes): () => void {
    const connection = { read }
    this.#open.add(connection)
    this.#ever++
    return () => {
      if (!this.#open.delete(connection)) return
      const { bytesIn, bytesOut } = read()
      this.#bytesIn += bytesIn
      this.#bytesOut += bytesOut
    }
  }

  /** A user's datagram passed. `user` is whatever tells users apart; `nowMs` the monotonic clock's. */
  datagram(direction: 'in' | 'out', bytes: number, user: string, nowMs: number): void {
    this.#flows ??= new UdpFlows()
    this.#flows.passed(user, nowMs)
    if (direction === 'in') this.#bytesIn += bytes
    else this.#bytesOut += bytes
  }

  /** Somebody was not served; `text` is one clause. */
  failed(text: string, wallMs: number): void {
    this.#errors++
    this.#lastError = { text, atMs: wallMs }
  }

  bytes(): UserBytes {
    let bytesIn = this.#bytesIn
    let bytesOut = this.#bytesOut
    for (const { read } of this.#open) {
      const one = read()
      bytesIn += one.bytesIn
      bytesOut += one.bytesOut
    }
    return { bytesIn, bytesOut }
  }

  figures(nowMs: number): ProxyFigures {
    return {
      connectionsNow: this.#open.size + (this.#flows?.now(nowMs) ?? 0),
      connectionsEver: this.#ever + (this.#flows?.ever ?? 0),
      ...this.bytes(),
      errorsEver: this.#errors,
      lastError: this.#lastError,
    }
  }
}
