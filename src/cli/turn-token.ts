// `moonwalk turn token`: what stock frp clients of this node's TURN give as `auth.token`. Alone on stdout.
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { dataDirOf } from '../config-env.ts'
import { errorText } from '../io/disk/durable-file.ts'
import { readNetwork } from '../io/disk/network-file.ts'
import { codeOf } from '../io/network/network-failure.ts'
import { turnTokenOf } from '../io/network-keys.ts'
import type { ClientFlags } from './control-client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

interface Flags extends ClientFlags {
  readonly turnTokenFile?: string
}

export function turn(action: string, flags: Flags, env: NodeJS.ProcessEnv): ExitCode {
  if (action !== 'token') return complain(`turn knows no "${action}"; there is \`moonwalk turn token\``, EXIT.usage)
  const dir = dataDirOf(flags.data, env)
  const file = flags.turnTokenFile ?? (env.MOONWALK_TURN_TOKEN_FILE || fileInConfig(env.MOONWALK_CONFIG || join(dir, 'moonwalk.json')))
  if (file !== null) return printFile(file, flags)
  const found = readNetwork(dir)
  if (found.type === 'refused') return complain(found.text, EXIT.failed)
  if (found.type === 'none')
    return complain(`${dir} is in no network yet: the first \`moonwalk up\` decides; name another with --data`, EXIT.failed)
  if (found.type !== 'private')
    return complain('an open network has no secret to make a token of; give the TURN one with --turn-token-file', EXIT.failed)
  return print(turnTokenOf(found.keyring.secrets[0] ?? ''), flags)
}

/** As `up` would find it: a path in the file is seen from where the file lies. */
function fileInConfig(config: string): string | null {
  try {
    const value: unknown = JSON.parse(readFileSync(config, 'utf8').replace(/^\uFEFF/, ''))
    const path = typeof value === 'object' && value !== null && 'turnTokenFile' in value ? value.turnTokenFile : null
    return typeof path === 'string' ? resolve(dirname(config), path) : null
  } catch {
    return null // `up` says what is wrong with it
  }
}

function printFile(file: string, flags: Flags): ExitCode {
  try {
    const token = readFileSync(file, 'utf8').trim()
    return token === '' ? complain(`the token file ${file} is empty`, EXIT.failed) : print(token, flags)
  } catch (error) {
    return complain(
      `the token file ${file} can't be read (${codeOf(error) === 'ENOENT' ? 'it is not there' : errorText(error)})`,
      EXIT.failed,
    )
  }
}

function print(token: string, flags: Flags): ExitCode {
  process.stdout.write(`${flags.json ? JSON.stringify({ schemaVersion: 1, token }) : token}\n`)
  return EXIT.fine
}

function complain(text: string, code: ExitCode): ExitCode {
  process.stderr.write(`${text}\n`)
  return code
}
