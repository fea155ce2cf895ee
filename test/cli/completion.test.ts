import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { EXAMPLES } from '../../src/cli/examples.ts'
import { command } from './command.ts'

const script = async (shell: string): Promise<string> => (await command(['completion', shell])).out

/** What a real bash offers for a line. */
function offered(made: string, line: string): readonly string[] {
  const words = line.split(' ')
  const ask = `${made}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length - 1}
_moonwalk
printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['--norc', '-c', ask], { encoding: 'utf8' }).trim().split('\n')
}

test('bash completes commands, their flags and their words', async () => {
  const made = await script('bash')
  expect(offered(made, 'moonwalk net')).toEqual(['network', 'netcheck'])
  expect(offered(made, 'moonwalk up --li')).toEqual(['--listen'])
  expect(offered(made, 'moonwalk peers --')).toEqual(['--data', '--json', '--watch', '--all', '--help'])
  expect(offered(made, 'moonwalk network ro')).toEqual(['rotate'])
  expect(offered(made, 'moonwalk --json st')).toEqual(['status'])
  expect(execFileSync('bash', ['--norc', '-c', `${made}\ncomplete -p moonwalk`], { encoding: 'utf8' })).toEqual(
    'complete -o default -F _moonwalk moonwalk\n',
  )
})

test.each(['zsh', 'fish'])('the script for %s names every command and no quote breaks it', async (shell) => {
  const made = await script(shell)
  const lines = made.split('\n')
  const { out: help } = await command(['--help'])
  const names = [...help.matchAll(/^ {2}([a-z]+)(?= |$)/gm)].map(([, name]) => name).filter((name) => name !== 'help')
  expect(names.length).toBeGreaterThan(20)
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(made))).toEqual([])
  expect(lines.filter((line) => !line.startsWith('#') && (line.split("'").length - 1) % 2 !== 0)).toEqual([])
})

test('of another shell it says which it knows', async () =>
  expect(await command(['completion', 'tcsh'])).toEqual({ code: 2, out: '', err: 'completion knows bash, zsh, fish, and no "tcsh"\n' }))

test('every help ends with examples, whose flags there are', async () => {
  const { out } = await command(['--help'])
  const names = [...out.matchAll(/^ {2}([a-z]+)(?= |$)/gm)].flatMap(([, name]) => (name && name !== 'help' ? [name] : []))
  const wrong: string[] = []
  for (const name of names) {
    const { out: help } = await command([name, '--help'])
    const [flags = '', examples = ''] = help.split('\nExamples:\n')
    if (!examples.includes(`moonwalk ${name}`)) wrong.push(`${name}: no example`)
    for (const line of EXAMPLES[name] ?? [])
      for (const [flag] of line.split('|')[0]?.matchAll(/(?<= )--?[a-z][a-z-]*/g) ?? [])
        if (line.startsWith('moonwalk') && ![' ', ',', '\n'].some((end) => flags.includes(flag + end))) wrong.push(`${line}: ${flag}`)
  }
  expect(wrong).toEqual([])
})
