// The commands that ask the running node something: one object with --json, plain text that survives a pipe without.
import type { InvitationAnswer, PeersAnswer, PingAnswer, ServiceAnswer, SpeedtestAnswer, StatusAnswer } from '../answers.ts'
import { readAddress, readService } from '../config-specs.ts'
import { tame } from '../domain/tame.ts'
import { type ClientFlags, type ControlAnswer, call, findControl } from './control-client.ts'
import { dashboardLink } from './dashboard-link.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { pingText } from './ping-text.ts'
import { statusText } from './status-text.ts'
import { peersText } from './tables.ts'

type Env = NodeJS.ProcessEnv

/** Longer than the node itself takes for a measurement, or to meet a stranger. */
const MEASURE_MS = 60_000
/** As the control port takes it. */
const MOST_TIMEOUT_MS = 600_000

/** Prints an answer; the failure's sentence goes to stderr. */
function print<T>(answer: ControlAnswer<T>, flags: ClientFlags, text: (body: T) => string): ExitCode {
  if (answer.type === 'failed') {
    process.stderr.write(`${tame(answer.text)}\n`)
    return answer.code
  }
  process.stdout.write(`${flags.json ? JSON.stringify(answer.body) : text(answer.body)}\n`)
  return EXIT.fine
}

export const status = async (flags: ClientFlags, env: Env): Promise<ExitCode> =>
  print(await call<StatusAnswer>(flags, env, '/api/status'), flags, (answer) => statusText(answer, Date.now()))

export const invite = async (flags: ClientFlags, env: Env): Promise<ExitCode> =>
  print(await call<InvitationAnswer>(flags, env, '/api/invitation'), flags, ({ invitation }) => `moonwalk up --join ${invitation}`)

/** Asks the node first: a link to nobody is none. */
export async function dashboard(flags: ClientFlags, env: Env): Promise<ExitCode> {
  const answer = await call<StatusAnswer>(flags, env, '/api/status')
  if (answer.type === 'failed') return print(answer, flags, () => '')
  const control = findControl(flags, env)
  if (typeof control === 'string') return print({ type: 'failed', text: control, code: EXIT.notRunning }, flags, () => '')
  const link = dashboardLink(control)
  return print({ type: 'answer', body: { schemaVersion: 1, link } }, flags, () => link)
}

export async function peers(flags: ClientFlags & { readonly watch?: boolean; readonly all?: boolean }, env: Env): Promise<ExitCode> {
  const path = flags.all ? '/api/peers/all' : '/api/peers'
  const show = async (): Promise<ExitCode> =>
    print(await call<PeersAnswer>(flags, env, path), flags, (answer) => peersText(answer, Date.now()))
  if (!flags.watch) return show()
  const { watchPeers } = await import('./events.ts')
  return watchPeers(flags, env, show)
}

export async function add(address: string, flags: ClientFlags, env: Env): Promise<ExitCode> {
  const read = readAddress(address)
  if ('wrong' in read) {
    process.stderr.write(`${read.wrong}\n`)
    return EXIT.usage
  }
  return print(
    await call<{ address: string }>(flags, env, '/api/peers', { address }, MEASURE_MS),
    flags,
    (answer) => `${answer.address} is a known address now; it is asked until it answers`,
  )
}

export const remove = async (peer: string, flags: ClientFlags, env: Env): Promise<ExitCode> =>
  print(await call<{ address: string }>(flags, env, '/api/peers/remove', { peer }), flags, (answer) => `${answer.address} is forgotten`)

export async function expose(
  target: string,
  flags: ClientFlags & {
    readonly name?: string
    readonly udp?: boolean
    readonly http?: string
    readonly https?: string
    readonly timeout?: string
    readonly private?: boolean
    readonly allow?: readonly string[]
  },
  env: Env,
): Promise<ExitCode> {
  const kinds = [
    flags.udp ? '/udp' : [],
    flags.http === undefined ? [] : `/http:${flags.http}`,
    flags.https === undefined ? [] : `/https:${flags.https}`,
  ].flat()
  if (kinds.length > 1) {
    process.stderr.write('a service is one of --udp, --http and --https\n')
    return EXIT.usage
  }
  const kind = kinds[0] ?? ''
  const [, place = '', given = ''] = /^([^?]*)(?:\?(.*))?$/s.exec(target) ?? []
  const more = [...(flags.private ? ['private'] : []), ...(flags.allow ?? []).map((node) => `allow=${encodeURIComponent(node)}`)]
  const query = [...(given === '' ? [] : [given]), ...more].join('&')
  const options = query === '' ? '' : `?${query}`
  const read = readService(`${flags.name === undefined ? '' : `${flags.name}=`}${place}${kind}${options}`)
  const timeoutMs = Math.round(Number(flags.timeout ?? '30') * 1_000)
  if ('wrong' in read || !(timeoutMs >= 1 && timeoutMs <= MOST_TIMEOUT_MS)) {
    process.stderr.write(`${'wrong' in read ? read.wrong : `--timeout: "${flags.timeout}" is not a number of seconds up to 600`}\n`)
    return EXIT.usage
  }
  if (!flags.json && !read.ok.options?.private) process.stderr.write(`waiting until ${read.ok.name} answers at a public address …\n`)
  const answer = await call<ServiceAnswer>(flags, env, '/api/services', { spec: read.ok, timeoutMs }, timeoutMs)
  return print(answer, flags, (service) =>
    service.phase === 'private'
      ? `${service.name} is private: others reach ${service.local} with \`moonwalk connect\``
      : `${service.name} is up: ${service.public} → ${service.local}`,
  )
}

export const unexpose = async (name: string, flags: ClientFlags, env: Env): Promise<ExitCode> =>
  print(
    await call<{ name: string }>(flags, env, '/api/services/remove', { name }),
    flags,
    (answer) => `${answer.name} is no longer exposed`,
  )

export const ping = async (peer: string, flags: ClientFlags, env: Env): Promise<ExitCode> =>
  print(await call<PingAnswer>(flags, env, '/api/ping', { peer }, MEASURE_MS), flags, (answer) => `${peer}: ${pingText(answer)}`)

export async function speedtest(peer: string, flags: ClientFlags, env: Env): Promise<ExitCode> {
  if (!flags.json) process.stderr.write(`measuring download and upload with ${peer} …\n`)
  const answer = await call<SpeedtestAnswer>(flags, env, '/api/speedtest', { peer }, MEASURE_MS)
  return print(
    answer,
    flags,
    ({ down, up, confidence }) => `${peer}: ↓ ${down.words}; ↑ ${up.words} (confidence ${Math.round(confidence * 100)} %)`,
  )
}
