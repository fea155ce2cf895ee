// Values as the page shows them. A dash stands for what is not known.

export const DASH = '–'

/** Three digits that matter, and no more. */
export function measure(value: number | null, unit = ''): string {
  if (value === null) return DASH
  const text = value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
  return unit === '' ? text : `${text} ${unit}`
}

/** Time gone by since an ISO time: `12 s`, `4 min`, `3 h`, `2 d`. */
export function age(iso: string | null, nowMs: number): string {
  if (iso === null) return DASH
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(iso)) / 1_000))
  if (seconds < 90) return `${seconds} s`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`
  return seconds < 36 * 3_600 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`
}

export const clockTime = (iso: string): string => new Date(iso).toLocaleTimeString([], { hour12: false })

/** In full, for a tooltip. */
export const fullTime = (iso: string | null): string => (iso === null ? '' : new Date(iso).toLocaleString())
