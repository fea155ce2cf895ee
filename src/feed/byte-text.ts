// Bytes as people read them, in the command and on the page: `1.2 KiB`, `45 MiB`.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** Never more than three digits before the unit. */
export function bytesText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_024
    unit += 1
  }
  return `${unit === 0 || value >= 9.95 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[unit]}`
}

/** The unit in which so many bytes have up to three digits, and how many bytes it is. */
export function byteUnit(bytes: number): { readonly unit: string; readonly bytes: number } {
  const power = UNITS.findIndex((_, i) => bytes < 999.5 * 1_024 ** i)
  const at = power < 0 ? UNITS.length - 1 : power
  return { unit: UNITS[at] ?? 'B', bytes: 1_024 ** at }
}

export const rateText = (bytesPerSecond: number): string => `${bytesText(bytesPerSecond)}/s`
