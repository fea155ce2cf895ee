// How a command says that it failed: one sentence on stderr, or one object there for a program.
import { tame } from '../domain/tame.ts'
import type { ExitCode } from './exit-codes.ts'

/** Answers the code it was given. `json`: the command was asked for JSON. */
export function complain(text: string, code: ExitCode, json: boolean | undefined = false): ExitCode {
  const sentence = tame(text)
  process.stderr.write(`${json ? JSON.stringify({ schemaVersion: 1, error: sentence }) : sentence}\n`)
  return code
}
