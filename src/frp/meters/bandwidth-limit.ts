// A proxy's bandwidth limit: how frp writes it, and the token bucket that keeps it. One bucket per proxy, shared by its
// connections and both directions; rate and burst are the limit, as in stock frp.
import type { FrpClock } from '../contract.ts'

/** Bytes given at a time to a connection that has to wait, so that those who share a limit take turns. */
const PIECE_BYTES = 16 << 10

/** Bytes per second of `1MB`, `1.5MB` or `500KB` (KB = 1024); 0 for none (empty, `0KB`); null: not written so. */
export function readBandwidth(text: string): number | null {
  if (text === '') return 0
  const [, count, unit] = /^(\d{1,9}(?:\.\d{1,9})?)(KB|MB)$/.exec(text) ?? []
  if (count === undefined) return null
  return Math.ceil(Number(count) * (unit === 'MB' ? 1 << 20 : 1 << 10))
}

interface Asker {
  readonly bytes: number
  readonly grant: (bytes: number) => void
}

/** Hears of what passes, and that something has to wait or is lost. */
export interface BucketWatch {
  readonly onTake: (bytes: number) => void
  readonly onWait: () => void
}

export class TokenBucket {
  readonly #clock: FrpClock
  readonly #bytesPerSecond: number
  readonly #watch: BucketWatch | null
  readonly #askers: Asker[] = []
  #level: number
  #atMs: number
  #timer: unknown = null

  constructor(clock: FrpClock, bytesPerSecond: number, watch: BucketWatch | null = null) {
    this.#clock = clock
    this.#watch = watch
    this.#bytesPerSecond = bytesPerSecond
    this.#level = bytesPerSecond
    this.#atMs = clock.now()
  }

  /** Takes them now, or not at all. */
  tryTake(bytes: number): boolean {
    this.#fill()
    if (this.#askers.length > 0 || this.#level < bytes) return false
    this.#take(bytes)
    return true
  }

  /**
   * The same for a datagram, which can't be split: one that is larger than the bucket
   * passes when that is full, and the level becomes negative.
   */
  admit(bytes: number): boolean {
    this.#fill()
    if (this.#askers.length > 0 || this.#level < Math.min(bytes, this.#bytesPerSecond)) {
      this.#watch?.onWait()
      return false
    }
    this.#take(bytes)
    return true
  }

  #take(bytes: number): void {
    this.#level -= bytes
    this.#watch?.onTake(bytes)
  }

  /** Calls `grant` once, later, with how many of `bytes` may pass; ask again for the rest. Answers a function that withdraws. */
  ask(bytes: number, grant: (bytes: number) => void): () => void {
    const asker: Asker = { bytes, grant }
    this.#askers.push(asker)
    this.#watch?.onWait()
    this.#wait()
    return () => {
      const at = this.#askers.indexOf(asker)
      if (at >= 0) this.#askers.splice(at, 1)
      if (this.#askers.length > 0 || this.#timer === null) return
      this.#clock.clearTimeout(this.#timer)
      this.#timer = null
    }
  }

  #fill(): void {
    const now = this.#clock.now()
    this.#level = Math.min(this.#bytesPerSecond, this.#level + ((now - this.#atMs) / 1000) * this.#bytesPerSecond)
    this.#atMs = now
  }

  #wait(): void {
    const [first] = this.#askers
    if (first === undefined || this.#timer !== null) return
    this.#fill()
    const missing = this.#pieceOf(first) - this.#level
    this.#timer = this.#clock.setTimeout(() => this.#serve(), Math.max(0, Math.ceil((missing / this.#bytesPerSecond) * 1000)))
  }

  /** First come, first served, as far as the tokens go. */
  #serve(): void {
    this.#timer = null
    this.#fill()
    for (const asker of [...this.#askers]) {
      const piece = this.#pieceOf(asker)
      if (this.#level < piece) break
      if (this.#askers[0] !== asker) continue // withdrawn by one before it
      this.#askers.shift()
      this.#take(piece)
      asker.grant(piece)
    }
    this.#wait()
  }

  #pieceOf({ bytes }: Asker): number {
    return Math.min(bytes, PIECE_BYTES, this.#bytesPerSecond)
  }
}

interface LimitRequest {
  readonly bandwidthLimit: string
  /** Empty means `client`. */
  readonly bandwidthLimitMode: string
}

/** Why a proxy's limit is refused; null: it is not. Stock frps ignores a limit that it can't read. */
export function limitObjection({ bandwidthLimit, bandwidthLimitMode }: LimitRequest): string | null {
  if (readBandwidth(bandwidthLimit) === null) return `bandwidth_limit "${clip(bandwidthLimit)}" is not a number of KB or MB, such as 1MB`
  if (['', 'client', 'server'].includes(bandwidthLimitMode)) return null
  return `bandwidth_limit_mode "${clip(bandwidthLimitMode)}" is neither client nor server`
}

/** The bucket that this end (`at`) keeps for a proxy; null where there is no limit, or the other end keeps it. */
export function bucketFor(
  at: 'client' | 'server',
  { bandwidthLimit, bandwidthLimitMode }: LimitRequest,
  clock: FrpClock,
): TokenBucket | null {
  const bytesPerSecond = readBandwidth(bandwidthLimit) ?? 0
  const keeper = bandwidthLimitMode === 'server' ? 'server' : 'client'
  return bytesPerSecond > 0 && keeper === at ? new TokenBucket(clock, bytesPerSecond) : null
}

const clip = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}…` : text)
