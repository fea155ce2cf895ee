import { EXIT } from './exit-codes.ts'

/** Settles at the first SIGTERM or SIGINT; from then on another ends the process at once. */
export function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    const heard = (): void => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        process.removeListener(signal, heard)
        process.on(signal, () => process.exit(EXIT.fine))
      }
      resolve()
    }
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, heard)
  })
}
