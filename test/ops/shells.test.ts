// What a real zsh and a real fish offer. (bash, which is everywhere, is asked beside the other tests of the command.)
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { start } from '../cli/process.ts'

let dir = ''
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'moonwalk-shells-'))
  for (const shell of ['zsh', 'fish']) {
    const { out } = await start(['completion', shell]).ended
    writeFileSync(join(dir, shell === 'zsh' ? '_moonwalk' : 'moonwalk.fish'), out)
  }
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '')

/** The script's own function is asked; zsh's would go on to choose from what it finds by what was typed. */
function zsh(line: string): readonly string[] {
  const words = line.split(' ')
  const script = `
compdef() { }
_describe() { print -rl -- "\${(@P)2}" }
source ${join(dir, '_moonwalk')}
words=(${words.map((word) => `'${word}'`).join(' ')}) CURRENT=${words.length}
_moonwalk`
  const found = linesOf(execFileSync('zsh', ['-f', '-c', script], { encoding: 'utf8', timeout: 20_000 }))
  return found.map((one) => one.split(':')[0] ?? '').filter((one) => one.startsWith(words.at(-1) ?? ''))
}

function fish(line: string): readonly string[] {
  const script = `source ${join(dir, 'moonwalk.fish')}; complete -C '${line}'`
  return linesOf(execFileSync('fish', ['--no-config', '-c', script], { encoding: 'utf8', timeout: 20_000 })).map(
    (one) => one.split('\t')[0] ?? '',
  )
}

const LINES: readonly (readonly [string, readonly string[]])[] = [
  ['moonwalk net', ['netcheck', 'network']],
  ['moonwalk up --li', ['--listen']],
  ['moonwalk network ro', ['rotate']],
  ['moonwalk peers --wa', ['--watch']],
]

test.each(LINES)('fish completes "%s"', (line, words) => expect([...fish(line)].sort()).toEqual(words))

test.each(LINES)('zsh completes "%s"', (line, words) => expect([...zsh(line)].sort()).toEqual(words))
