// `moonwalk completion`: scripts for shells, made from the definitions of the commands.
import type { Command } from 'commander'
import { complain } from './complaint.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

interface Word {
  readonly name: string
  readonly meaning: string
}

interface Completed extends Word {
  readonly options: readonly Word[]
  /** What may stand as its first argument, where that is one of a few words. */
  readonly words: readonly string[]
}

const SHELLS = ['bash', 'zsh', 'fish'] as const

/** Where it goes is said on stderr, so that stdout is the script alone. */
export function completion(shell: string, program: Command): ExitCode {
  const wanted = SHELLS.find((one) => one === shell)
  if (wanted === undefined) return complain(`completion knows ${SHELLS.join(', ')}, and no "${shell}"`, EXIT.usage)
  process.stdout.write(SCRIPTS[wanted](commandsOf(program)))
  return EXIT.fine
}

/** In the order of the help. */
function commandsOf(program: Command): readonly Completed[] {
  return program.commands.map((command) => ({
    name: command.name(),
    meaning: firstClause(command.description()),
    options: [...command.options, { long: '--help', description: 'how it is used' }].flatMap(({ long, description }) =>
      long ? [{ name: long, meaning: firstClause(description) }] : [],
    ),
    words: command.registeredArguments[0]?.argChoices ?? WORDS[command.name()] ?? [],
  }))
}

const WORDS: Readonly<Record<string, readonly string[]>> = {
  network: ['show', 'open', 'private', 'join', 'rotate'],
  turn: ['token'],
  metrics: ['token'],
  identity: ['renew'],
  completion: SHELLS,
  diagram: ['node', 'tunnel', 'reach', 'exposedService', 'turnSession', 'peer', 'modules'],
}

const firstClause = (text: string): string =>
  (/^[^;(]*/.exec(text)?.[0] ?? '')
    .trim()
    .replaceAll(/['`"\\$]/g, '')
    .slice(0, 70)
const namesOf = (words: readonly Word[]): string => words.map(({ name }) => name).join(' ')

/** The word that is the command: the first that is no option. */
const bash = (commands: readonly Completed[]): string => `# bash completion of moonwalk: eval "$(moonwalk completion bash)"
_moonwalk() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" cmd= words= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in -*) ;; *) cmd="\${COMP_WORDS[i]}"; break ;; esac
  done
  case "$cmd" in
    '') words='${namesOf(commands)} --help --version' ;;
${commands.map((one) => `    ${one.name}) words='${[...one.words, namesOf(one.options)].join(' ')}' ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _moonwalk moonwalk
`

const zsh = (commands: readonly Completed[]): string => `#compdef moonwalk
# zsh completion of moonwalk: moonwalk completion zsh > "\${fpath[1]}/_moonwalk"
_moonwalk() {
  local cmd= word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ "$word" == -* ]] || { cmd="$word"; break }
  done
  local -a found
  case "$cmd" in
    '') found=(${commands.map(described).join(' ')}) ;;
${commands.map((one) => `    ${one.name}) found=(${[...one.words.map((word) => `'${word}'`), ...one.options.map(described)].join(' ')}) ;;`).join('\n')}
  esac
  _describe 'moonwalk' found || _files
}
compdef _moonwalk moonwalk
`

const described = ({ name, meaning }: Word): string => `'${name}:${meaning.replaceAll(':', ' ')}'`

const fish = (commands: readonly Completed[]): string =>
  [
    '# fish completion of moonwalk: moonwalk completion fish > ~/.config/fish/completions/moonwalk.fish',
    ...commands.flatMap(({ name, meaning, options, words }) => [
      `complete -c moonwalk -n __fish_use_subcommand -a ${name} -d '${meaning}'`,
      ...options.map(
        (option) => `complete -c moonwalk -n '__fish_seen_subcommand_from ${name}' -l ${option.name.slice(2)} -d '${option.meaning}'`,
      ),
      ...(words.length === 0 ? [] : [`complete -c moonwalk -n '__fish_seen_subcommand_from ${name}' -a '${words.join(' ')}'`]),
    ]),
    '',
  ].join('\n')

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], (commands: readonly Completed[]) => string>> = { bash, zsh, fish }
