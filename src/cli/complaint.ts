// How a command says that it failed: one sentence on stderr, or one object there for a program.
import { tame } from '../domain/tame.ts'
import type { ExitCode } from './exit-codes.ts'

/**
 * Answers the code it was given. `json`: the command was asked for JSON.
 * `left`: what is now, where something happened before it failed.
 */
export function complain(text: string, code: ExitCode, json: boolean | undefined = false, left?: string): ExitCode {
  process.stderr.write(`${complaint(text, json, left)}\n`)
  return code
}

/** The same as a line to be written elsewhere. */
export function complaint(text: string, json: boolean, left?: string): string {
  const [error, state] = [tame(text), left === undefined ? undefined : tame(left)]
  return json ? JSON.stringify({ schemaVersion: 1, error, left: state }) : [error, state ?? []].flat().join('; ')
}

/** What is no failure, and worth a look: a line likewise. */
export const warning = (text: string, json: boolean): string =>
  json ? JSON.stringify({ schemaVersion: 1, warning: tame(text) }) : tame(text)
