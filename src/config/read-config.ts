// The configuration, put together: flags win over the environment, the environment over the file, and the file over the defaults.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Config, configOf } from './config.ts'
import { fromFile } from './config-file.ts'
import { dataDirOf } from './data-dir.ts'
import { type Given, meantBy, type Source, sentence, whereOf } from './given.ts'
import { objectionTo } from './objections.ts'
import { complete, DEFAULTS, schema } from './schema.ts'
import { CONFIG_KEYS, type ConfigKey, SETTINGS } from './settings.ts'
import { readTurnToken } from './turn-files.ts'
import { showsToken } from './turn-source.ts'
import { fromVariables, readVariables } from './variables.ts'

export type ConfigAnswer =
  /** `warnings`: sentences about what was given and changes nothing. */
  | { readonly type: 'config'; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly type: 'wrong'; readonly text: string }

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
  const config = { ...configOf(values, settled), opensControl }
  const where = (key: ConfigKey): string => whereOf(sources.find(([, given]) => given[key] !== undefined)?.[0] ?? 'file', key, file)
  const objection = objectionTo(values, config, where)
  if (objection !== null) return wrongly(objection)
  return { type: 'config', config, warnings: [...warnings, ...(token?.ok.warnings ?? []), ...shownTokens(sources)] }
}

/** Whoever lists the processes of this machine reads their arguments. */
function shownTokens(sources: readonly (readonly [Source, Given])[]): readonly string[] {
  const turns: unknown = sources.find(([source]) => source === 'flag')?.[1].turns
  if (!Array.isArray(turns) || !turns.some((turn) => typeof turn === 'string' && showsToken(turn))) return []
  return [
    '--turn: everybody on this machine can read the token in it (ps); write it into moonwalk.json or MOONWALK_TURNS, or name a file with ?token-file=FILE',
  ]
}

const wrongly = (text: string): ConfigAnswer => ({ type: 'wrong', text })
