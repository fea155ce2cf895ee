// A token bucket: so many at once, and then so many a second.

export interface Allowance {
  /** Below zero: promised to those who wait. */
  readonly tokens: number
  readonly atMs: number
}

export interface AllowanceLimits {
  readonly burst: number
  readonly perSecond: number
}

export const fullAllowance = ({ burst }: AllowanceLimits, nowMs: number): Allowance => ({ tokens: burst, atMs: nowMs })

/** Takes one. `waitMs`: how long until it may be used, 0 for at once. Who takes always gets one in the end, in turn. */
export function takeOne(
  { tokens, atMs }: Allowance,
  { burst, perSecond }: AllowanceLimits,
  nowMs: number,
): { readonly allowance: Allowance; readonly waitMs: number } {
  const left = Math.min(burst, tokens + ((nowMs - atMs) * perSecond) / 1_000) - 1
  return { allowance: { tokens: left, atMs: nowMs }, waitMs: left >= 0 ? 0 : (-left * 1_000) / perSecond }
}
