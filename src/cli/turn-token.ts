// `moonwalk turn token`: what stock frp clients of this node's TURN give as `auth.token`. Alone on stdout.
import { dataDirOf } from '../config-env.ts'
import { readNetwork } from '../io/disk/network-file.ts'
import { turnTokenOf } from '../io/network-keys.ts'
import type { ClientFlags } from './control-client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

export function turn(action: string, flags: ClientFlags, env: NodeJS.ProcessEnv): ExitCode {
  if (action !== 'token') return complain(`turn knows no "${action}"; there is \`moonwalk turn token\``, EXIT.usage)
  const dir = dataDirOf(flags.data, env)
  const found = readNetwork(dir)
  if (found.type === 'refused') return complain(found.text, EXIT.failed)
  if (found.type === 'none')
    return complain(`${dir} is in no network yet: the first \`moonwalk up\` decides; name another with --data`, EXIT.failed)
  if (found.type !== 'private')
    return complain('an open network has no secret to make a token of; give the TURN one with --turn-token-file', EXIT.failed)
  const token = turnTokenOf(found.keyring.secrets[0] ?? '')
  process.stdout.write(`${flags.json ? JSON.stringify({ schemaVersion: 1, token }) : token}\n`)
  return EXIT.fine
}

function complain(text: string, code: ExitCode): ExitCode {
  process.stderr.write(`${text}\n`)
  return code
}
