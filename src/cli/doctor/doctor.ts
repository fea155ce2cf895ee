// `moonwalk doctor`: what is wrong and what to do. With 0 nothing is, or only warnings are; with 1 there are errors.
import type { CheckupAnswer } from '../../answers.ts'
import { dataDirOf } from '../../config/data-dir.ts'
import { readConfig } from '../../config/read-config.ts'
import { byLevel, type Check } from '../../domain/checkup.ts'
import { tame } from '../../domain/tame.ts'
import { type ClientFlags, call } from '../control-client.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { broken } from '../fitted-table.ts'
import { withProgress } from '../progress.ts'
import { ENDLESS, hasColour, painted, widthOf } from '../terminal.ts'
import { fileChecks } from './files.ts'
import { stoppedChecks } from './stopped.ts'

export async function doctor(flags: ClientFlags & { readonly config?: string }, env: NodeJS.ProcessEnv): Promise<ExitCode> {
  const checks = byLevel(await withProgress('asking the node and its known addresses', flags.json, collected(flags, env)))
  const isFine = checks.every(({ level }) => level !== 'error')
  process.stdout.write(
    `${flags.json ? JSON.stringify({ schemaVersion: 1, ok: isFine, checks }) : checksText(checks, hasColour(env), widthOf(env))}\n`,
  )
  return isFine ? EXIT.fine : EXIT.failed
}

export async function collected(flags: ClientFlags & { readonly config?: string }, env: NodeJS.ProcessEnv): Promise<readonly Check[]> {
  const files = fileChecks(dataDirOf(flags.data, env))
  const answer = await call<CheckupAnswer>(flags, env, '/api/doctor')
  if (answer.type === 'answer') return [{ name: 'node', level: 'ok', text: 'it runs', fix: null }, ...files, ...answer.body.checks]
  if (answer.code === EXIT.failed) return [...files, { name: 'node', level: 'error', text: answer.text, fix: 'Look into moonwalk.log.' }]
  const read = readConfig(flags.data === undefined ? {} : { data: flags.data }, flags.config, env)
  const stopped: readonly Check[] =
    read.type === 'wrong'
      ? [{ name: 'settings', level: 'error', text: read.text, fix: '`moonwalk up --help` lists every setting.' }]
      : await stoppedChecks(read.config)
  const warnings = read.type === 'wrong' ? [] : read.warnings
  return [
    { name: 'node', level: 'ok', text: 'it does not run; its files, ports and known addresses are looked at', fix: null },
    ...files,
    ...warnings.map((text): Check => ({ name: 'settings', level: 'warn', text, fix: 'Mend or remove it.' })),
    ...stopped,
  ]
}

const COLOURS = { ok: 'green', warn: 'yellow', error: 'red' } as const

export function checksText(checks: readonly Check[], isColoured: boolean, width = ENDLESS.width): string {
  const wide = Math.max(...checks.map(({ name }) => name.length))
  const room = Math.max(20, width - wide - 9)
  return checks
    .flatMap(({ name, level, text, fix }) => {
      const [first = '', ...more] = [...broken(tame(text), room), ...(fix === null ? [] : broken(`→ ${tame(fix)}`, room))]
      return [
        `${painted(level.padEnd(5), COLOURS[level], isColoured)}  ${name.padEnd(wide)}  ${first}`,
        ...more.map((line) => `${' '.repeat(wide + 9)}${line}`),
      ]
    })
    .join('\n')
}
