// `moonwalk identity`: who the node of a data directory is, also while it is stopped.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { dataDirOf } from '../config/data-dir.ts'
import { lockDataDir } from '../io/disk/data-lock.ts'
import { readIdentity, renewIdentity } from '../io/disk/identity.ts'
import { complain } from './complaint.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

interface Flags {
  readonly data?: string
  readonly json?: boolean
}

/** `action`: none, or `renew`. */
export async function identity(action: string | undefined, flags: Flags, env: NodeJS.ProcessEnv): Promise<ExitCode> {
  if (action !== undefined && action !== 'renew')
    return complain(`identity knows no "${action}"; there is \`moonwalk identity renew\``, EXIT.usage, flags.json)
  const dir = dataDirOf(flags.data, env)
  const found = readIdentity(dir)
  if (found === null)
    return complain(
      `${dir} holds no key yet: it is made by the first \`moonwalk up\`; name another directory with --data`,
      EXIT.failed,
      flags.json,
    )
  if (action === 'renew') return renew(dir, flags)
  if (found.type === 'refused') return complain(found.text, EXIT.failed, flags.json)
  return print(flags, { id: found.identity.id }, found.identity.id)
}

async function renew(dir: string, flags: Flags): Promise<ExitCode> {
  const lock = await lockDataDir(dir, { onWait: (text) => void process.stderr.write(`${text}\n`) })
  if (lock.type === 'refused')
    return complain(
      lock.pid === 0 ? lock.text : `the node of ${dir} runs (pid ${lock.pid}); stop it first: a node keeps its key while it runs`,
      EXIT.failed,
      flags.json,
    )
  try {
    const renewed = renewIdentity(dir)
    if (renewed.type === 'refused') return complain(renewed.text, EXIT.failed, flags.json)
    const { id, before, aside } = renewed
    // A clone has its origin's tokens too, and would open for whoever holds those.
    for (const token of ['control-token', 'metrics-token']) rmSync(join(dir, token), { force: true })
    const was = before === null ? 'the file before' : `the key of ${before}`
    return print(flags, { id, before, aside }, `the node of ${dir} is ${id} from its next start on; ${was} is kept in ${aside}`)
  } finally {
    lock.release()
  }
}

function print(flags: Flags, answer: object, text: string): ExitCode {
  process.stdout.write(`${flags.json ? JSON.stringify({ schemaVersion: 1, ...answer }) : text}\n`)
  return EXIT.fine
}
