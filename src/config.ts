// The configuration: one schema, every default in one place. Flags win over the environment, the environment over the file.
// What each key means stands in `SETTINGS`.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import type { NodeOptions } from './answers.ts'
import { dataDirOf, readVariables, type Variables } from './config-env.ts'
import { readSeed } from './config-seeds.ts'
import {
  CONFIG_KEYS,
  type ConfigKey,
  type Read,
  readAdvertise,
  readGrantedDomain,
  readHostName,
  readListen,
  readNewsType,
  readPortRange,
  readPortRanges,
  readRations,
  readService,
  readSpeedBudget,
  readSubdomainHost,
  readWebhook,
  SETTINGS,
  type Setting,
  showsToken,
  variableOf,
} from './config-specs.ts'
import { readTurnSource, readTurnToken, turnSeenFrom } from './config-turns.ts'
import { hostKind } from './domain/address.ts'
import { isControlPort } from './domain/control-port.ts'
import { nearest } from './domain/nearest.ts'
import type { TurnPreference } from './domain/turn-choice.ts'
import type { Invitation } from './invitation.ts'
import { cleanName } from './v2/envelope.ts'

const words = (what: string) => z.string({ error: `must be ${what}` }).min(1, { error: 'must not be empty' })

const written = (what: string, read: (value: string) => Read<unknown>) =>
  z.string({ error: `must be ${what}` }).superRefine((value, context) => {
    const answer = read(value)
    if ('wrong' in answer) context.addIssue({ code: 'custom', message: answer.wrong })
  })

const list = (example: string, read: (value: string) => Read<unknown>) =>
  z.array(written(`a list of texts such as ["${example}"]`, read), { error: `must be a list such as ["${example}"]` })

const count = { error: 'must be a whole number, 0 or more' }
const tunnelCount = { error: 'must be a whole number from 1 to 4' }
const pace = { error: 'must be a whole number of milliseconds, 50 or more' }

/** The keys of the file, of which any may be left out. Flags and `MOONWALK_…` variables carry the same values. */
export const schema = z.strictObject({
  data: words('the path of a directory'),
  table: words('the path of a file'),
  name: words('a text'),
  listen: z.union([z.literal(false), written('HOST:PORT or false', readListen)]),
  advertise: written('HOST or HOST:PORT', readAdvertise),
  addresses: z.enum(['public', 'lan', 'any'], { error: 'must be public, lan or any' }),
  seeds: list('203.0.113.7:8088', readSeed),
  network: z.enum(['open', 'private'], { error: 'must be open or private' }),
  turns: list('moonwalk', readTurnSource),
  tunnels: z.number(tunnelCount).int(tunnelCount).min(1, tunnelCount).max(4, tunnelCount),
  turnMode: z.enum(['latency', 'throughput', 'pinned'], { error: 'must be latency, throughput or pinned' }),
  pins: z.array(words('a node'), { error: 'must be a list such as ["ash"]' }),
  patienceMs: z.number(count).int(count).min(0, count),
  offer: z.enum(['members', 'everybody', 'nobody'], { error: 'must be members, everybody or nobody' }),
  turnTokenFile: words('the path of a file'),
  rations: written('limits such as sessions=2,rate=1MB', readRations),
  ports: written('a range such as 20000-29999', readPortRange),
  allowPorts: written('ranges such as 1024-2000,3000-4000', readPortRanges),
  maxPortsPerClient: z.number(count).int(count).min(0, count),
  subdomainHost: written('a domain', readSubdomainHost),
  allowDomains: list('*.example.org', readGrantedDomain),
  services: list('web=3000', readService),
  control: written('HOST:PORT', readListen),
  controlHosts: list('moon.example.org', readHostName),
  controlInsecure: z.boolean({ error: 'must be true or false' }),
  onEvent: words('a command'),
  webhook: written('a URL', readWebhook),
  tell: list('service.up', readNewsType),
  speedtestBudget: written('a size such as 500MB, or off', readSpeedBudget),
  speedtestPaceMs: z.number(pace).int(pace).min(50, pace),
  log: z.enum(['debug', 'info', 'warn', 'silent'], { error: 'must be debug, info, warn or silent' }),
} satisfies Record<ConfigKey, z.ZodType>)

/** What has no default stays out. */
const complete = schema.partial({
  data: true,
  table: true,
  name: true,
  network: true,
  advertise: true,
  turnMode: true,
  offer: true,
  turnTokenFile: true,
  rations: true,
  subdomainHost: true,
  onEvent: true,
  webhook: true,
  tell: true,
})

type Values = z.infer<typeof schema>

export const DEFAULTS = {
  listen: '0.0.0.0:8088',
  addresses: 'lan',
  seeds: [],
  turns: ['moonwalk'],
  tunnels: 2,
  pins: [],
  patienceMs: 600_000,
  ports: '20000-29999',
  allowPorts: '1024-65535',
  maxPortsPerClient: 64,
  allowDomains: [],
  services: [],
  control: '127.0.0.1:8089',
  controlHosts: [],
  controlInsecure: false,
  speedtestBudget: '500MB',
  speedtestPaceMs: 120_000,
  log: 'info',
} as const satisfies Partial<Values>

export interface Config {
  /** `seeds`: the plain addresses. */
  readonly node: Omit<NodeOptions, 'version' | 'network' | 'turnTokens'>
  /** What else is told what happens. `types` null: what is told to those who chose nothing. */
  readonly outside: { readonly command: string | null; readonly webhook: string | null; readonly types: readonly string[] | null }
  /** What a person set for stock frp clients; null: what the network's secrets give. */
  readonly turnToken: string | null
  /** What a person said of the network. */
  readonly network: { readonly asked: 'open' | 'private' | null; readonly invitations: readonly Invitation[] }
  readonly dataDir: string
  readonly tableFile: string
  readonly control: string
  /** Whether there is to be one: a program that names none has none. */
  readonly opensControl: boolean
  /** Host names that are answered there, beside loopback's. */
  readonly controlHosts: readonly string[]
  readonly log: Values['log']
}

export type ConfigAnswer =
  /** `warnings`: sentences about what was given and changes nothing. */
  | { readonly type: 'config'; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly type: 'wrong'; readonly text: string }

type Source = 'option' | 'flag' | 'variable' | 'file'
/** Values as they were given; lists replace one another as wholes. */
export type Given = Readonly<Partial<Record<ConfigKey, unknown>>>

/** Puts flags, environment and file together. `configFile`: named by the flag. */
export function readConfig(flags: Given, configFile: string | undefined, env: NodeJS.ProcessEnv): ConfigAnswer {
  const { given, config: namedThere, warnings } = readVariables(env)
  const variables = fromVariables(given)
  const dataDir = dataDirOf(typeof flags.data === 'string' ? flags.data : undefined, env)
  const named = configFile ?? namedThere
  const file = named ?? join(dataDir, 'moonwalk.json')
  if (named === '') return wrongly('--config: it must not be empty; name a file, or leave it out')
  if (named !== undefined && !existsSync(named)) return wrongly(`${named} is not there; name an existing file with --config`)
  const inFile = existsSync(file) ? fromFile(file) : { ok: {} }
  if ('wrong' in inFile) return wrongly(inFile.wrong)
  const sources: readonly (readonly [Source, Given])[] = [
    ['flag', flags],
    ['variable', variables],
    ['file', inFile.ok],
  ]
  return together(sources, { dataDir, file, warnings })
}

/**
 * The same settings as a program gives them: nothing else is read, neither the environment nor a file. `join`, one or a list, is
 * another name for `seeds`, and `open: true` for `network: 'open'`; what is undefined is not given.
 */
export function readSettings({ join: known, open, ...others }: Readonly<Record<string, unknown>>): ConfigAnswer {
  if (open !== undefined && typeof open !== 'boolean') return wrongly('option "open": it must be true or false')
  const said = Object.entries(others).filter(([, value]) => value !== undefined)
  const given = Object.fromEntries(open === true ? [...said, ['network', 'open']] : said)
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(SETTINGS, key))
  if (unknown !== undefined) return wrongly(`there is no option "${unknown}"${meantBy(unknown, ['join', 'open', ...CONFIG_KEYS])}`)
  const apart = {
    dataDir: dataDirOf(undefined, { XDG_STATE_HOME: process.env.XDG_STATE_HOME }),
    file: '',
    warnings: [],
    isControlOptional: true,
  }
  if (known === undefined) return together([['option', given]], apart)
  const answer = together([['option', { ...given, seeds: [known, given.seeds ?? []].flat() }]], apart)
  return answer.type === 'wrong' ? wrongly(answer.text.replace('option "seeds"', 'option "join"')) : answer
}

interface Apart {
  /** Where no source names one. */
  readonly dataDir: string
  readonly file: string
  readonly warnings: readonly string[]
  /** There is no control port unless a source names one. */
  readonly isControlOptional?: boolean
}

/** Earlier sources win. */
function together(
  sources: readonly (readonly [Source, Given])[],
  { dataDir, file, warnings, isControlOptional = false }: Apart,
): ConfigAnswer {
  for (const [source, given] of sources) {
    const parsed = schema.partial().safeParse(given)
    const issue = parsed.error?.issues[0]
    if (issue) return wrongly(`${whereOf(source, String(issue.path[0] ?? ''), file)}: ${sentence(issue, given)}`)
  }
  const values = complete.parse(Object.assign({}, DEFAULTS, ...sources.map(([, given]) => given).reverse()))
  const token = values.turnTokenFile === undefined ? null : readTurnToken(values.turnTokenFile)
  if (token !== null && 'wrong' in token) return wrongly(token.wrong)
  const opensControl = !isControlOptional || sources.some(([, given]) => given.control !== undefined)
  const settled = {
    dataDir: values.data === undefined ? dataDir : resolve(values.data),
    token: token?.ok.token ?? null,
    namesPorts: sources.some(([, given]) => given.allowPorts !== undefined),
  }
  const config = { ...assemble(values, settled), opensControl }
  const where = (key: ConfigKey): string => whereOf(sources.find(([, given]) => given[key] !== undefined)?.[0] ?? 'file', key, file)
  if (values.turnMode === 'pinned' && values.pins.length === 0)
    return wrongly(`${where('turnMode')}: pinned takes the TURNs of --pin, and there is none; name one with --pin`)
  const twice = repeated(config.node.services.map(({ name }) => name))
  if (twice !== null) return wrongly(`${where('services')}: two services are called ${twice}; give one another name, as in NAME=PORT`)
  if (values.table !== undefined && isDirectory(config.tableFile))
    return wrongly(`${where('table')}: ${config.tableFile} is a directory; name a file`)
  if (opensControl && !values.controlInsecure && hostKind(hostOf(config.control)) !== 'loopback')
    return wrongly(
      `${where('control')}: ${config.control} lets others reach the control port, and read along, since it has no TLS; leave it on 127.0.0.1 and forward it (ssh -L, or a reverse proxy and --control-hosts), or add --control-insecure`,
    )
  const bare = config.node.services.find(({ local }) => opensControl && isControlPort(local, config.control))
  if (bare) return wrongly(`${where('services')}: ${bare.local} is the control port of this node, which is not exposed; name another`)
  return { type: 'config', config, warnings: [...warnings, ...(token?.ok.warnings ?? []), ...shownTokens(sources)] }
}

const preferenceOf = (mode: TurnPreference['mode'], pins: readonly string[]): TurnPreference =>
  mode === 'pinned' ? { mode, pins } : { mode }

const hostOf = (address: string): string => address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')

/** Whoever lists the processes of this machine reads their arguments. */
function shownTokens(sources: readonly (readonly [Source, Given])[]): readonly string[] {
  const turns: unknown = sources.find(([source]) => source === 'flag')?.[1].turns
  if (!Array.isArray(turns) || !turns.some((turn) => typeof turn === 'string' && showsToken(turn))) return []
  return [
    '--turn: everybody on this machine can read the token in it (ps); write it into moonwalk.json or MOONWALK_TURNS, or name a file with ?token-file=FILE',
  ]
}

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

const repeated = (names: readonly string[]): string | null => names.find((name, i) => names.indexOf(name) < i) ?? null

interface Settled {
  readonly dataDir: string
  readonly token: string | null
  /** A person said which ports clients may name, and so means strangers too. */
  readonly namesPorts: boolean
}

function assemble(all: z.infer<typeof complete>, { dataDir, token, namesPorts }: Settled): Omit<Config, 'opensControl'> {
  const take = <T>(read: Read<T>): T => {
    if ('wrong' in read) throw new Error(read.wrong)
    return read.ok
  }
  const seeds = all.seeds.map((seed) => take(readSeed(seed)))
  return {
    dataDir,
    network: {
      asked: all.network ?? null,
      invitations: seeds.flatMap((seed) => (seed.type === 'invitation' ? [seed.invitation] : [])),
    },
    tableFile: all.table === undefined ? join(dataDir, 'ip_table.json') : resolve(all.table),
    control: take(readListen(all.control)),
    controlHosts: all.controlHosts.map((name) => take(readHostName(name))),
    log: all.log,
    outside: {
      command: all.onEvent ?? null,
      webhook: all.webhook === undefined ? null : take(readWebhook(all.webhook)),
      types: all.tell ?? null,
    },
    turnToken: token,
    node: {
      name: cleanName(all.name ?? hostname()),
      listen: all.listen === false ? null : take(readListen(all.listen)),
      advertise: all.advertise === undefined ? null : take(readAdvertise(all.advertise)),
      addresses: all.addresses,
      seeds: seeds.flatMap((seed) => (seed.type === 'address' ? [seed.address] : [])),
      turns: all.turns.map((turn) => take(readTurnSource(turn))).filter((turn) => turn !== null),
      tunnels: all.tunnels,
      turnPreference: preferenceOf(all.turnMode ?? (all.pins.length > 0 ? 'pinned' : 'latency'), all.pins),
      patienceMs: all.patienceMs,
      ...(all.offer === undefined ? {} : { offer: all.offer }),
      ...(all.rations === undefined ? {} : { rations: take(readRations(all.rations)) }),
      ports: take(readPortRange(all.ports)),
      allowPorts: take(readPortRanges(all.allowPorts)),
      ...(namesPorts ? { strangerPorts: take(readPortRanges(all.allowPorts)) } : {}),
      maxPortsPerClient: all.maxPortsPerClient,
      subdomainHost: all.subdomainHost === undefined ? null : take(readSubdomainHost(all.subdomainHost)),
      allowDomains: all.allowDomains.map((domain) => take(readGrantedDomain(domain))),
      services: all.services.map((service) => take(readService(service))),
      speedtestBudgetBytes: take(readSpeedBudget(all.speedtestBudget)),
      speedtestPaceMs: all.speedtestPaceMs,
    },
  }
}

const fromVariables = (given: Variables['given']): Given =>
  Object.fromEntries(CONFIG_KEYS.flatMap((key) => (given[key] === undefined ? [] : [[key, fromText(key, given[key])]])))

/** Lists are separated by commas. */
function fromText(key: ConfigKey, value: string): unknown {
  const { isList, isCount, isSwitch }: Setting = SETTINGS[key]
  if (isList)
    return value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
  if (isSwitch) return /^(true|1|yes|on)$/i.test(value) ? true : /^(false|0|no|off)$/i.test(value) ? false : value
  if (key === 'listen' && value === 'false') return false
  if (isCount) return /^\d+$/.test(value) ? Number(value) : value
  return value
}

function fromFile(file: string): Read<Given> {
  let value: unknown
  try {
    // Some editors put a byte order mark in front.
    value = JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { wrong: error instanceof SyntaxError ? `${file} can't be read as JSON: ${why}` : `${file} can't be read: ${why}` }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { wrong: `${file} must hold one JSON object` }
  for (const key of Object.keys(value))
    if (!Object.hasOwn(SETTINGS, key)) return { wrong: `${file} has an unknown key "${key}"${meantBy(key, CONFIG_KEYS)}` }
  return {
    ok: {
      ...value,
      ...Object.assign({}, ...PATHS.map((key) => fromThere(value, key, file))),
      ...turnsFromThere(value, file),
    },
  }
}

const PATHS = ['data', 'table', 'turnTokenFile'] as const

/** A path in the file is seen from where the file lies. */
function fromThere(value: object, key: (typeof PATHS)[number], file: string): Given {
  const path: unknown = Object.entries(value).find(([name]) => name === key)?.[1]
  return typeof path === 'string' && path !== '' ? { [key]: resolve(dirname(file), path) } : {}
}

function turnsFromThere(value: object, file: string): Given {
  const turns: unknown = 'turns' in value ? value.turns : undefined
  if (!Array.isArray(turns)) return {}
  const seen = (turn: unknown): unknown => (typeof turn === 'string' ? turnSeenFrom(dirname(resolve(file)), turn) : turn)
  return { turns: turns.map(seen) }
}

/** What was meant by a key that is not known. */
function meantBy(key: string, known: readonly string[]): string {
  if (key === 'offerTurn') return '; it is called offer now, and is "members", "everybody" or "nobody"'
  const word = nearest(key, known)
  return word === null ? '' : `; did you mean ${word}?`
}
const wrongly = (text: string): ConfigAnswer => ({ type: 'wrong', text })

function whereOf(source: Source, key: string, file: string): string {
  if (source === 'variable') return variableOf(key)
  if (source === 'option') return `option "${key}"`
  const setting: Setting | undefined = SETTINGS[key as ConfigKey]
  return source === 'flag' ? (setting?.flag.split(' ')[0] ?? key) : `${file}, key "${key}"`
}

interface Issue {
  readonly code: string | undefined
  readonly message: string
  readonly path: readonly PropertyKey[]
  readonly errors?: unknown
}

/** zod's issue as a clause: our readers quote the value themselves, to the rest it is added. */
function sentence(issue: Issue, given: Given): string {
  const [inner = issue] = issue.code === 'invalid_union' && Array.isArray(issue.errors) ? (issue.errors.flat() as Issue[]).slice(-1) : []
  if (inner.code === 'custom') return inner.message
  const value = issue.path.reduce<unknown>((at, key) => (at as Readonly<Record<PropertyKey, unknown>>)[key], given)
  return `${JSON.stringify(value) ?? String(value)} does not fit: it ${inner.message}`
}
