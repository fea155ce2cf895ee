import type { Duplex } from 'node:stream'

/** Carries bytes both ways until both have ended; what breaks one breaks the other. */
export function joinStreams(a: Duplex, b: Duplex): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.on('error', () => {}) // 'close' follows; whoever made the stream listens for bugs
    from.on('close', () => {
      if (!from.readableEnded) to.destroy()
    })
    from.pipe(to)
  }
}
