// A disk that fails at one call: every function of Node's file system, and every method of an open file, is counted.
import type { FileHandle } from 'node:fs/promises'

/** `failAt` 0: none fails. Counted from 1. */
export const fault = { failAt: 0, code: 'EIO', calls: 0 }

export function failing(failAt: number, code: string): void {
  Object.assign(fault, { failAt, code, calls: 0 })
}

function count(name: string): void {
  if (++fault.calls === fault.failAt) throw Object.assign(new Error(`${fault.code}: ${name}`), { code: fault.code })
}

const COUNTED = /^(open|write|fsync|close|rename|rm|read|chmod|copy|link|lstat|stat|realpath|mkdir|truncate|sync|unlink|fchmod|fstat)/

/** The module, with its functions counted. */
export function counted<T extends object>(real: T): T {
  const made: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(real)) {
    made[name] =
      typeof value === 'function' && COUNTED.test(name) && !/Stream/.test(name)
        ? (...args: readonly unknown[]): unknown => {
            const isAsync = !name.endsWith('Sync')
            try {
              count(name)
            } catch (error) {
              if (isAsync) return Promise.reject(error)
              throw error
            }
            const result: unknown = value(...args)
            return name === 'open' && result instanceof Promise ? result.then(countedHandle) : result
          }
        : value
  }
  return made as T
}

function countedHandle(handle: FileHandle): FileHandle {
  return new Proxy(handle, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return async (...args: readonly unknown[]): Promise<unknown> => {
        // Closing a file that the system has taken back fails too, but it is closed.
        if (name === 'close') await value.apply(target, args)
        count(String(name))
        return name === 'close' ? undefined : value.apply(target, args)
      }
    },
  })
}
