/** What scripts rely on: 0 fine, 1 it failed, 2 wrong use, 3 no node running or it can't be reached. */
export const EXIT = { fine: 0, failed: 1, usage: 2, notRunning: 3 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
