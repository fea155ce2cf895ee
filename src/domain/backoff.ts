/** Full jitter (uniform below a doubling ceiling), but never less than a quarter of it, so that retries spread and none is at once. */
export function backoffMs(attempt: number, firstMs: number, lastMs: number, fraction: number): number {
  const ceiling = Math.min(lastMs, firstMs * 2 ** Math.min(attempt, 30))
  return ceiling * (0.25 + 0.75 * fraction)
}
