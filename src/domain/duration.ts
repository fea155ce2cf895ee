const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of `90s`, `30m`, `24h`, `2d` or a sum of them, such as `1h30m`; null for anything else. */
export function readDuration(text: string): number | null {
  if (!/^(\d+(?:\.\d+)?(?:s|min|m|h|d))+$/.test(text)) return null
  return [...text.matchAll(/(\d+(?:\.\d+)?)(s|min|m|h|d)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0),
    0,
  )
}

/** A duration before `nowMs`, or a date as `Date` reads one: wall milliseconds; null for anything else. */
export function readSince(text: string, nowMs: number): number | null {
  const ago = readDuration(text.trim())
  if (ago !== null) return nowMs - ago
  const at = /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : at
}
