// What Linux tells in /proc, where processes come and go while it is read: what is not there any more, or not ours to see, is nothing.
import { readdirSync } from 'node:fs'

export function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

export function orEmpty(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
