/** Hears of what our own code threw or rejected with. What peers and services do is never told here. */
export type OnBug = (error: unknown) => void

/** Where nobody wants to hear of it: it is thrown outside of all callers, which ends the process. */
export const throwBug: OnBug = (error) => {
  queueMicrotask(() => {
    throw error
  })
}
