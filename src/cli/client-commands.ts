// The commands that ask the running node something: one object with --json, plain text that survives a pipe without.
import type { InvitationAnswer, NetcheckAnswer, PeersAnswer, PinAnswer, ServiceAnswer, SpeedtestAnswer, StatusAnswer } from '../answers.ts'
import { readKnownAddress } from '../config/seeds.ts'
import { readService } from '../config/service-spec.ts'
import { allPeers } from './all-peers.ts'
import { complain } from './complaint.ts'
import { type ClientFlags, type ControlAnswer, call, findControl } from './control-client.ts'
import { dashboardLink } from './dashboard-link.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { netcheckText } from './netcheck.ts'
import { withProgress } from './progress.ts'
import { statusText } from './status-text.ts'
import { inPlace, peersText } from './tables.ts'
import { paperOf, widthOf } from './terminal.ts'

type Env = NodeJS.ProcessEnv

/** Longer than the node itself takes for a measurement, or to meet a stranger. */
const MEASURE_MS = 60_000
/** As the control port takes it. */
const MOST_TIMEOUT_MS = 600_000

/** Prints an answer; the failure's sentence goes to stderr. */
function print<T>(answer: ControlAnswer<T>, flags: ClientFlags, text: (body: T) => string): ExitCode {
  if (answer.type === 'failed') return complain(answer.text, answer.code, flags.json, answer.left)
  process.stdout.write(`${flags.json ? JSON.stringify(answer.body) : text(answer.body)}\n`)
  return EXIT.fine
}

export const status = async (flags: ClientFlags, env: Env): Promise<ExitCode> =>
  print(await call<StatusAnswer>(flags, env, '/api/status'), flags, (answer) => statusText(answer, Date.now(), widthOf(env)))

export const netcheck = async (flags: ClientFlags, env: Env): Promise<ExitCode> =>
  print(await call<NetcheckAnswer>(flags, env, '/api/netcheck'), flags, (answer) => netcheckText(answer, Date.now(), widthOf(env)))

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
  const arranged = flags.watch && !flags.json ? inPlace() : (answer: PeersAnswer) => answer
  const show = async (): Promise<ExitCode> =>
    print(await allPeers(flags, env, path), flags, (answer) => peersText(arranged(answer), Date.now(), paperOf(env, flags.watch === true)))
  if (!flags.watch) return show()
  const { watchPeers } = await import('./events.ts')
  return watchPeers(flags, env, show)
}

export async function add(address: string, flags: ClientFlags, env: Env): Promise<ExitCode> {
  const read = readKnownAddress(address)
  if ('wrong' in read) return complain(read.wrong, EXIT.usage, flags.json)
  return print(
    await call<{ address: string }>(flags, env, '/api/peers', { address: read.ok }, MEASURE_MS),
    flags,
    (answer) => `${answer.address} is a known address now; it is asked until it answers`,
  )
}

export const remove = async (peer: string, flags: ClientFlags, env: Env): Promise<ExitCode> =>
  print(await call<{ address: string }>(flags, env, '/api/peers/remove', { peer }), flags, (answer) => `${answer.address} is forgotten`)

export const pin = async (peers: readonly string[], flags: ClientFlags, env: Env): Promise<ExitCode> =>
  print(await call<PinAnswer>(flags, env, '/api/turn/pin', { peers }), flags, ({ turns }) =>
    turns.length === 0
      ? 'TURNs are chosen again as the node was started'
      : `pinned: ${turns.map(({ name, address }) => `${name} (${address})`).join(', then ')}; nobody else carries for this node until \`moonwalk unpin\``,
  )

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
  if (kinds.length > 1) return complain('a service is one of --udp, --http and --https', EXIT.usage, flags.json)
  const kind = kinds[0] ?? ''
  const [, place = '', given = ''] = /^([^?]*)(?:\?(.*))?$/s.exec(target) ?? []
  const more = [...(flags.private ? ['private'] : []), ...(flags.allow ?? []).map((node) => `allow=${encodeURIComponent(node)}`)]
  const query = [...(given === '' ? [] : [given]), ...more].join('&')
  const options = query === '' ? '' : `?${query}`
  const read = readService(`${flags.name === undefined ? '' : `${flags.name}=`}${place}${kind}${options}`)
  const timeoutMs = Math.round(Number(flags.timeout ?? '30') * 1_000)
  if ('wrong' in read) return complain(read.wrong, EXIT.usage, flags.json)
  if (!(timeoutMs >= 1 && timeoutMs <= MOST_TIMEOUT_MS))
    return complain(`--timeout: "${flags.timeout}" is not a number of seconds up to 600`, EXIT.usage, flags.json)
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

export async function speedtest(peer: string, flags: ClientFlags, env: Env): Promise<ExitCode> {
  if (!flags.json) process.stderr.write(`measuring download and upload with ${peer} …\n`)
  const measuring = call<SpeedtestAnswer>(flags, env, '/api/speedtest', { peer }, MEASURE_MS)
  const answer = await withProgress('measuring', flags.json || process.stderr.isTTY !== true, measuring)
  return print(
    answer,
    flags,
    ({ down, up, confidence }) => `${peer}: ↓ ${down.words}; ↑ ${up.words} (confidence ${Math.round(confidence * 100)} %)`,
  )
}
