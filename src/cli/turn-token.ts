// `moonwalk turn token`: what stock frp clients of this node's TURN give as `auth.token`. Alone on stdout.
import { readConfig } from '../config/read-config.ts'
import { readNetwork } from '../io/disk/network-file.ts'
import { turnTokenOf } from '../io/network-keys.ts'
import { complain } from './complaint.ts'
import type { ClientFlags } from './control-client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

interface Flags extends ClientFlags {
  readonly turnTokenFile?: string
}

/** The token file is found where `up` finds it. */
export function turn(action: string, { data, json, turnTokenFile }: Flags, env: NodeJS.ProcessEnv): ExitCode {
  if (action !== 'token') return complain(`turn knows no "${action}"; there is \`moonwalk turn token\``, EXIT.usage, json)
  const given = { ...(data === undefined ? {} : { data }), ...(turnTokenFile === undefined ? {} : { turnTokenFile }) }
  const read = readConfig(given, undefined, env)
  if (read.type === 'wrong') return complain(read.text, EXIT.usage, json)
  const { dataDir, turnToken } = read.config
  const token = turnToken ?? tokenIn(dataDir)
  if (typeof token === 'object') return complain(token.none, token.code, json)
  process.stdout.write(`${json ? JSON.stringify({ schemaVersion: 1, token }) : token}\n`)
  return EXIT.fine
}

function tokenIn(dir: string): string | { readonly none: string; readonly code: ExitCode } {
  const found = readNetwork(dir)
  if (found.type === 'refused') return { none: found.text, code: EXIT.failed }
  if (found.type === 'none')
    return {
      none: `${dir} is in no network yet: the first \`moonwalk up\` decides; name another with --data`,
      code: EXIT.notRunning,
    }
  if (found.type !== 'private')
    return { none: 'an open network has no secret to make a token of; give the TURN one with --turn-token-file', code: EXIT.failed }
  return turnTokenOf(found.keyring.secrets[0] ?? '')
}
