// `moonwalk metrics token`: what a scraper's configuration holds.
import { dataDirOf } from '../config/data-dir.ts'
import { readToken } from '../io/disk/control-file.ts'
import { complain } from './complaint.ts'
import type { ClientFlags } from './control-client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

/** `what`: `token`, which is printed alone. It stays the same for as long as its file is there. */
export function metrics(what: string, flags: ClientFlags, env: NodeJS.ProcessEnv): ExitCode {
  if (what !== 'token') return complain(`metrics knows no "${what}"; there is \`moonwalk metrics token\``, EXIT.usage, flags.json)
  const dir = dataDirOf(flags.data, env)
  const token = read(dir)
  if (token === null)
    return complain(
      `${dir} holds no metrics token that can be read: it is made by \`moonwalk up\`; name another directory with --data`,
      EXIT.notRunning,
      flags.json,
    )
  process.stdout.write(`${flags.json ? JSON.stringify({ schemaVersion: 1, token }) : token}\n`)
  return EXIT.fine
}

function read(dir: string): string | null {
  try {
    return readToken(dir, 'metrics-token')
  } catch {
    return null
  }
}
