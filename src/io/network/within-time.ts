import type { Failure } from '../../ports.ts'
import { failed } from './network-failure.ts'

export const TOO_SLOW: Failure = failed('timeout', 'it did not answer in time')

/** What it comes to, or that it took longer. */
export async function withinTime<T>(answer: T | Promise<T>, ms: number): Promise<T | Failure> {
  if (!(answer instanceof Promise)) return answer
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Failure>((resolve) => {
    timer = setTimeout(() => resolve(TOO_SLOW), ms)
  })
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}
