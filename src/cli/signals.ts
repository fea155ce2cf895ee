import { EXIT } from './exit-codes.ts'

/** SIGHUP: the terminal was closed, or a supervisor asks so. */
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Settles at the first of them; from then on another ends the process at once. */
export function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    const heard = (): void => {
      for (const signal of SIGNALS) {
        process.removeListener(signal, heard)
        process.on(signal, () => process.exit(EXIT.fine))
      }
      resolve()
    }
    for (const signal of SIGNALS) process.on(signal, heard)
  })
}
