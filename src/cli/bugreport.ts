// `moonwalk bugreport`: one text file with what whoever looks into a fault asks for first, and no secret. What is known to be secret is
// not read into it, and taken out once more at the end.
import { readFileSync, writeFileSync } from 'node:fs'
import { arch, platform, release, totalmem, uptime } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { dataDirOf } from '../config/data-dir.ts'
import { readConfig } from '../config/read-config.ts'
import { redact } from '../domain/redact.ts'
import { errorText } from '../io/disk/durable-file.ts'
import { readNetwork } from '../io/disk/network-file.ts'
import { turnTokenOf } from '../io/network-keys.ts'
import { VERSION } from '../version.ts'
import { complain } from './complaint.ts'
import { type ClientFlags, call } from './control-client.ts'
import { collected } from './doctor/doctor.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { withProgress } from './progress.ts'

type Env = NodeJS.ProcessEnv

/** Of the log, from its end. */
const MAX_LOG_CHARS = 200_000
const PATHS = ['status', 'peers/all', 'netcheck', 'states', 'network', 'news', 'history?minutes=180'] as const

/** `file`: `-` for stdout; absent: one in the current directory, named after the time. */
export async function bugreport(file: string | undefined, flags: ClientFlags, env: Env): Promise<ExitCode> {
  const dir = dataDirOf(flags.data, env)
  const read = readConfig(flags.data === undefined ? {} : { data: flags.data }, undefined, env)
  const config = read.type === 'config' ? read.config : null
  const parts = await withProgress('collecting', flags.json, sections(flags, env, dir, config))
  const text = redact(parts.map(([title, body]) => `== ${title}\n${body}\n`).join('\n'), secretsOf(dir, config, env))
  if (file === '-') {
    process.stdout.write(text)
    return EXIT.fine
  }
  const path = file ?? `moonwalk-report-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.txt`
  try {
    writeFileSync(path, text, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    return complain(
      isThere ? `${path} is there already; name another file` : `${path} can't be written: ${errorText(error)}`,
      EXIT.failed,
      flags.json,
    )
  }
  const said = { schemaVersion: 1, file: path, bytes: Buffer.byteLength(text) }
  process.stdout.write(
    `${flags.json ? JSON.stringify(said) : `${path} holds no secrets, but names and addresses: look through it before you send it`}\n`,
  )
  return EXIT.fine
}

async function sections(flags: ClientFlags, env: Env, dir: string, config: Config | null): Promise<readonly (readonly [string, string])[]> {
  const answers: (readonly [string, string])[] = []
  for (const path of PATHS) {
    const answer = await call<object>(flags, env, `/api/${path}`)
    answers.push([path, answer.type === 'answer' ? JSON.stringify(answer.body) : answer.text])
    if (answer.type === 'failed' && answer.code === EXIT.notRunning) break
  }
  const checks = await collected(flags, env)
  return [
    ['versions', `moonwalk ${VERSION}, node ${process.version}, ${platform()} ${release()} ${arch()}`],
    ['machine', `${Math.round(totalmem() / 1024 ** 2)} MiB, up ${Math.round(uptime() / 3_600)} h`],
    ['settings', config === null ? 'they can not be read; see doctor' : JSON.stringify(settingsOf(config))],
    ['doctor', checks.map((check) => JSON.stringify(check)).join('\n')],
    ...answers,
    ['log', logEnd(join(dir, 'moonwalk.log'))],
  ]
}

/** Named one by one: what is added to the settings later is not in it unasked. */
function settingsOf({ node, outside, control, controlHosts, opensControl, log, dataDir, tableFile }: Config): object {
  return {
    ...{ dataDir, tableFile, control, opensControl, controlHosts, log },
    ...{ listen: node.listen, advertise: node.advertise, addresses: node.addresses, offer: node.offer, seeds: node.seeds },
    turns: node.turns.map((turn) => (turn.type === 'frp' ? { type: turn.type, address: turn.address, wire: turn.wire } : turn)),
    services: node.services.map(({ name, kind, local, domain }) => ({ name, kind, local, domain })),
    ...{ ports: node.ports, maxPortsPerClient: node.maxPortsPerClient, speedtestBudgetBytes: node.speedtestBudgetBytes },
    outside: { command: outside.command !== null, webhook: outside.webhook !== null },
  }
}

function logEnd(file: string): string {
  return orEmpty(() => readFileSync(file, 'utf8')).slice(-MAX_LOG_CHARS) || 'none'
}

/** Everything secret that lies in the directory or in the settings. */
function secretsOf(dir: string, config: Config | null, env: Env): readonly string[] {
  const network = readNetwork(dir)
  const shared = network.type === 'private' ? network.keyring.secrets : []
  const tokens = ['control-token', 'metrics-token', 'turn-token'].map((name) => orEmpty(() => readFileSync(join(dir, name), 'utf8')).trim())
  const seed = /"ed25519Seed"\s*:\s*"([^"]+)"/.exec(orEmpty(() => readFileSync(join(dir, 'identity.json'), 'utf8')))?.[1] ?? ''
  const running = /"token"\s*:\s*"([^"]+)"/.exec(orEmpty(() => readFileSync(join(dir, 'control.json'), 'utf8')))?.[1] ?? ''
  const hook = config?.outside.webhook ?? null
  const settings =
    config === null
      ? []
      : [
          config.turnToken ?? '',
          config.outside.command ?? '',
          ...config.node.turns.flatMap((turn) => (turn.type === 'frp' ? [turn.token] : [])),
          ...config.node.services.flatMap(({ options }) => (options?.groupKey === undefined ? [] : [options.groupKey])),
          ...config.network.invitations.map(({ secret }) => secret),
        ]
  return [...shared, ...shared.map(turnTokenOf), ...tokens, seed, running, ...settings, ...hookSecrets(hook), env.MOONWALK_WEBHOOK ?? '']
}

/** Of a web hook all but its host may be a secret. */
function hookSecrets(hook: string | null): readonly string[] {
  if (hook === null || !URL.canParse(hook)) return []
  const { username, password, pathname, search } = new URL(hook)
  return [hook, username, password, `${pathname}${search}`, ...pathname.split('/')]
}

function orEmpty(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}
