import { SeededRandom } from './chance.ts'
import type { VirtualClock } from './virtual-clock.ts'

/**
 * Puts this process on the world's time: the host's timers are refused, `Date` and `Math.random` follow the world, and
 * immediates are counted, so that the clock knows when all is at rest. Answers the way back. One world at a time.
 */
export function useWorldTime(clock: VirtualClock, seed = 1): () => void {
  const host = { setTimeout, setInterval, setImmediate, Date, random: Math.random, abortTimeout: AbortSignal.timeout }
  const random = new SeededRandom(seed)
  const refusal = (what: string) => new Error(`${what} used inside the simulation: take the clock port`)

  const refusedTimeout = (run: () => void, ...rest: readonly unknown[]): never => {
    // XState and RxJS report an error that nobody handles by throwing it from a bare setTimeout(run): let it be seen.
    if (rest.length === 0) {
      try {
        run()
      } catch (error) {
        clock.crash(error)
        return undefined as never
      }
    }
    throw refusal('setTimeout')
  }
  const refusedInterval = (): never => {
    throw refusal('setInterval')
  }
  const countedImmediate = <A extends readonly unknown[]>(run: (...given: A) => void, ...given: A): NodeJS.Immediate =>
    clock.immediate(() => run(...given))

  globalThis.setTimeout = Object.assign(refusedTimeout, { __promisify__: host.setTimeout.__promisify__ })
  globalThis.setInterval = refusedInterval
  globalThis.setImmediate = Object.assign(countedImmediate, { __promisify__: host.setImmediate.__promisify__ })
  globalThis.Date = new Proxy(host.Date, {
    construct: (target, given: readonly unknown[], as) => Reflect.construct(target, given.length === 0 ? [clock.wallMs()] : given, as),
    get: (target, key) => (key === 'now' ? clock.wallMs : Reflect.get(target, key)),
  })
  Math.random = random.fraction
  AbortSignal.timeout = () => {
    throw refusal('AbortSignal.timeout')
  }

  return () => {
    globalThis.setTimeout = host.setTimeout
    globalThis.setInterval = host.setInterval
    globalThis.setImmediate = host.setImmediate
    globalThis.Date = host.Date
    Math.random = host.random
    AbortSignal.timeout = host.abortTimeout
  }
}
