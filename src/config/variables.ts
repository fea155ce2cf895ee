// Which variables of the environment are ours. Platforms put others of the same beginning there: a Kubernetes Service or a linked
// container called "moonwalk" brings MOONWALK_PORT=tcp://10.96.0.12:8088 and more.
import { nearest } from '../domain/nearest.ts'
import type { Given } from './given.ts'
import { CONFIG_KEYS, type ConfigKey, SETTINGS, type Setting, variableOf } from './settings.ts'

export interface Variables {
  /** Values as they were given. An empty variable is as if it were unset. */
  readonly given: Readonly<Partial<Record<ConfigKey, string>>>
  /** `MOONWALK_CONFIG`. */
  readonly config: string | undefined
  /** A sentence for each that may be a misspelt one of ours. */
  readonly warnings: readonly string[]
}

/** Not settings, but ours. */
const OTHERS: readonly string[] = ['MOONWALK_CONFIG', 'MOONWALK_PUBLIC_API_ONLY']
const PREFIX = 'MOONWALK_'
/** What `MOONWALK_OFFER` was called. A no still counts, so that no node begins to carry traffic by an update. */
const FORMER_OFFER = 'MOONWALK_OFFER_TURN'

export function readVariables(env: NodeJS.ProcessEnv): Variables {
  const known = new Map<string, ConfigKey>(CONFIG_KEYS.map((key) => [variableOf(key), key]))
  const given: Partial<Record<ConfigKey, string>> = {}
  const warnings: string[] = []
  for (const [variable, value = ''] of Object.entries(env)) {
    if (variable === FORMER_OFFER && value !== '') {
      if (/^(false|0|no|off)$/i.test(value)) given.offer ??= 'nobody'
      warnings.push(`${FORMER_OFFER} is called MOONWALK_OFFER now, and is members, everybody or nobody`)
      continue
    }
    if (!variable.startsWith(PREFIX) || value === '' || OTHERS.includes(variable) || isForeign(variable, value, env)) continue
    const key = known.get(variable)
    const meant = key ? null : likely(variable, [...known.keys(), ...OTHERS])
    if (key) given[key] = value
    else if (meant) warnings.push(`${variable} is not known and changes nothing; did you mean ${meant}?`)
  }
  return { given, config: env.MOONWALK_CONFIG || undefined, warnings }
}

/**
 * As Kubernetes (`…_SERVICE_HOST`, `…_SERVICE_PORT_NAME`, `…_PORT`, `…_PORT_8088_TCP_ADDR`)
 * and Docker's links (`…_NAME`, `…_ENV_…`) spell them.
 */
function isForeign(variable: string, value: string, env: NodeJS.ProcessEnv): boolean {
  if (/_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP|SCTP)(_|$)|^MOONWALK_ENV_/.test(variable)) return true
  const isUrl = (text: string | undefined): boolean => /^(tcp|udp|sctp):\/\//.test(text ?? '')
  if (variable.endsWith('_PORT') && isUrl(value)) return true
  return variable === 'MOONWALK_NAME' && /^\/[^/]+\/[^/]+$/.test(value) && isUrl(env.MOONWALK_PORT)
}

const MAX_LENGTH_DIFFERENCE = 3

/** The variable that was meant: one whose flag was written, or one that is spelt nearly so. */
function likely(variable: string, known: readonly string[]): string | null {
  const byFlag = CONFIG_KEYS.find((key) => {
    const { flag, off }: Setting = SETTINGS[key]
    return [flag, off].some((text) => text !== undefined && variableOfFlag(text) === variable)
  })
  if (byFlag) return variableOf(byFlag)
  const word = variable.slice(PREFIX.length)
  const near = known.map((name) => name.slice(PREFIX.length)).filter((name) => Math.abs(name.length - word.length) <= MAX_LENGTH_DIFFERENCE)
  const meant = nearest(word, near)
  return meant && `${PREFIX}${meant}`
}

/** `MOONWALK_JOIN` for `--join <host:port>`. */
const variableOfFlag = (flag: string): string => `${PREFIX}${/[a-z][a-z-]*/.exec(flag)?.[0].replaceAll('-', '_').toUpperCase() ?? ''}`

/** What the variables say, as the file would. */
export const fromVariables = (given: Variables['given']): Given =>
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
