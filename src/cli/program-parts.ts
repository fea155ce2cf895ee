// What every part of the command line is declared with.
import { InvalidArgumentError } from 'commander'
import type { ExitCode } from './exit-codes.ts'

/** Has commander's action settle the exit code. */
export type Act = <A extends unknown[]>(work: (...args: A) => Promise<ExitCode>) => (...args: A) => Promise<void>

/** An empty text is a shell variable that was not set: it must not mean the default. */
export function someText(value: string): string {
  if (value === '') throw new InvalidArgumentError('It must not be empty.')
  return value
}

/** Options that may be given more than once. */
export const listed = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value]
