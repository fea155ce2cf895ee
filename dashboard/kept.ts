// What a person set on the page, kept for this tab: it is the same after a reload.
import { effect, type Signal, signal } from '@preact/signals'

/** `isFit`: whether what was kept can still be used; an older page may have written it. */
export function kept<T extends object>(name: string, first: T, isFit: (read: object) => read is T): Signal<T> {
  const key = `moonwalk-${name}`
  const read = stored(key)
  const holder = signal<T>(read !== null && isFit(read) ? read : first)
  effect(() => {
    try {
      sessionStorage.setItem(key, JSON.stringify(holder.value))
    } catch {
      // A browser may allow no storage: the page then forgets.
    }
  })
  return holder
}

function stored(key: string): object | null {
  try {
    const read: unknown = JSON.parse(sessionStorage.getItem(key) ?? 'null')
    return typeof read === 'object' ? read : null
  } catch {
    return null
  }
}
