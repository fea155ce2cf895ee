// How fast members' channels may begin. A handshake costs this node a millisecond or two of its processor, and whoever asks for it
// nearly nothing. So each address has so many a second, and all together have so many; whoever comes faster waits, and addresses that
// wait take turns. What a member of a private network used is given back: it is no stranger.

export interface HandshakeLimits {
  /** Of one address (of IPv6: of one /64), at once and then a second. Default 256, 64. */
  readonly burst: number
  readonly perSecond: number
  /** Of all. Default 512, 256. */
  readonly burstOfAll: number
  readonly perSecondOfAll: number
}

export const HANDSHAKE_LIMITS: HandshakeLimits = { burst: 256, perSecond: 64, burstOfAll: 512, perSecondOfAll: 256 }

export interface HandshakePace {
  /** Settles when one of that address may begin. What is answered gives it back. `isOver`: nobody waits for it any more. */
  begin(address: string, isOver: () => boolean): Promise<() => void>
}

interface Bucket {
  tokens: number
  atMs: number
}

interface Line {
  readonly bucket: Bucket
  readonly waiting: { readonly isOver: () => boolean; readonly go: () => void }[]
}

/** Those that wait are looked at this often. */
const LOOK_MS = 10
/** Addresses of which a count is kept though none of theirs waits. */
const MAX_LINES = 4_096

export function createHandshakePace(
  limits: HandshakeLimits = HANDSHAKE_LIMITS,
  now: () => number = () => performance.now(),
): HandshakePace {
  const { burst, perSecond, burstOfAll, perSecondOfAll } = limits
  /** By address, whoever was served last at the end. */
  const lines = new Map<string, Line>()
  /** Addresses of which some wait; whoever was served last stands at the end. */
  const waiting = new Set<string>()
  const all: Bucket = { tokens: burstOfAll, atMs: now() }
  let timer: NodeJS.Timeout | null = null

  const fill = (bucket: Bucket, rate: number, most: number): void => {
    bucket.tokens = Math.min(most, bucket.tokens + ((now() - bucket.atMs) * rate) / 1_000)
    bucket.atMs = now()
  }
  const lineOf = (address: string): Line => {
    const found = lines.get(address) ?? { bucket: { tokens: burst, atMs: now() }, waiting: [] }
    lines.set(address, found)
    for (const oldest of lines.keys()) {
      if (lines.size <= MAX_LINES) break
      if (!waiting.has(oldest) && oldest !== address) lines.delete(oldest)
    }
    return found
  }
  /** Lets one of that line begin; false: none waits, or there is no room for it. */
  const serve = (address: string, line: Line): boolean => {
    while (line.waiting[0]?.isOver()) line.waiting.shift()
    if (line.waiting.length === 0) return false
    fill(line.bucket, perSecond, burst)
    fill(all, perSecondOfAll, burstOfAll)
    if (line.bucket.tokens < 1 || all.tokens < 1) return false
    line.bucket.tokens--
    all.tokens--
    lines.delete(address)
    lines.set(address, line)
    line.waiting.shift()?.go()
    return true
  }
  const look = (): void => {
    timer = null
    for (let isServed = true; isServed; ) {
      isServed = false
      for (const address of [...waiting]) {
        const line = lines.get(address)
        if (line !== undefined && serve(address, line)) {
          isServed = true
          waiting.delete(address)
          waiting.add(address)
        }
        if (line === undefined || line.waiting.length === 0) waiting.delete(address)
      }
    }
    if (waiting.size > 0) timer = setTimeout(look, LOOK_MS).unref()
  }
  return {
    begin: (address, isOver) =>
      new Promise((resolve) => {
        const line = lineOf(address)
        const giveBack = (): void => {
          line.bucket.tokens++
          all.tokens++
        }
        line.waiting.push({ isOver, go: () => resolve(giveBack) })
        // Where others wait it is served in turn.
        if (timer === null && serve(address, line)) return
        waiting.add(address)
        timer ??= setTimeout(look, LOOK_MS).unref()
      }),
  }
}
