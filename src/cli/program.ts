// The commands with their flags. What each does is loaded when it is called, so that none waits for another's libraries.
import { Command, CommanderError } from 'commander'
import { type ConfigKey, SETTINGS } from '../config/settings.ts'
import { nearest } from '../domain/nearest.ts'
import { VERSION } from '../version.ts'
import { complain } from './complaint.ts'
import { examplesText } from './examples.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { addClientCommands } from './program-clients.ts'
import type { Act } from './program-parts.ts'
import { addUp } from './program-up.ts'
import { firstSignal } from './signals.ts'
import { widthOf } from './terminal.ts'

/** Of a help that goes into a pipe. */
const USUAL_WIDTH = 80

/** Runs one command line; settles with the exit code. */
export async function run(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  let code: ExitCode = EXIT.fine
  const width = widthOf(env)
  const helpWidth = (): number => (Number.isFinite(width) ? width : USUAL_WIDTH)
  const output = { outputError: () => {}, getOutHelpWidth: helpWidth, getErrHelpWidth: helpWidth }
  const program = new Command('moonwalk')
    .description('A peer-to-peer node: a live table of every server in the network, and a way in through the nearest one.')
    .version(VERSION)
    .exitOverride()
    .configureOutput(output)
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .showSuggestionAfterError(false)
  const act: Act =
    (work) =>
    async (...args) => {
      code = await work(...args)
    }
  addUp(program, act, env)
  addClientCommands(program, act, env)
  program
    .command('diagram')
    .argument('[machine]', 'node, tunnel, reach, exposedService, turnSession, peer, or modules: the packages of the source', 'node')
    .description('a state machine as Mermaid')
    .action(act(async (machine: string) => (await import('./diagram.ts')).printDiagram(machine)))
  program
    .command('demo')
    .description('a whole small network on this machine: five nodes in a chain, one behind NAT, and what a cut looks like')
    .option('--once', 'exit when done; 0 only if everything happened')
    .option('--json', 'print the facts and times as one JSON object')
    .action(
      act(async (flags: { once?: boolean; json?: boolean }) =>
        (await import('./demo/demo.ts')).runDemo({ once: flags.once === true, json: flags.json === true }),
      ),
    )
  program
    .command('completion')
    .argument('<shell>', 'bash, zsh or fish')
    .description('the script with which a shell completes commands and flags')
    .action(act(async (shell: string) => (await import('./completion.ts')).completion(shell, program)))
  program
    .command('replay')
    .argument('<file>', 'what `moonwalk up --record FILE` wrote')
    .description('the page on a recording, with a slider for the time; nothing can be changed in it')
    .option('--port <port>', 'on this machine (default: any)')
    .action(act(async (file: string, flags: { port?: string }) => (await import('./replay.ts')).replay(file, flags, firstSignal())))
  for (const command of program.commands)
    command
      .addHelpText('after', examplesText(command.name()))
      .exitOverride()
      .configureOutput(output)
      .showSuggestionAfterError(false)
      .allowExcessArguments(false)
  try {
    await program.parseAsync(argv)
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return EXIT.fine
    if (argv.length <= 2) return EXIT.usage // the help was printed
    return complain(usageSentence(error, program, argv), EXIT.usage, argv.includes('--json'))
  }
  return code
}

/** commander's message with the nearest known word, or where to read on. */
function usageSentence(error: CommanderError, program: Command, argv: readonly string[]): string {
  const message = error.message.replace(/^error: /, '')
  const unknown = /unknown (option|command) '([^'=]+)/.exec(message)
  const command = program.commands.find((one) => one.name() === argv[2]) ?? program
  const seeHelp = `; see \`moonwalk ${command === program ? '' : `${command.name()} `}--help\``
  if (!unknown) return `${message.replace(/\.$/, '')}${seeHelp}`
  const known =
    unknown[1] === 'option' ? command.options.flatMap(({ long }) => (long ? [long] : [])) : program.commands.map((one) => one.name())
  const word = unknown[2] ?? ''
  const near = flagOfKey(word, known) ?? nearest(word, known)
  return `${message}${near ? `; did you mean ${near}?` : seeHelp}`
}

/** The flag of a setting that was written as its key in the file: `--join` for `--seeds`. */
function flagOfKey(word: string, known: readonly string[]): string | null {
  const key = word.replace(/^--/, '')
  const flag = Object.hasOwn(SETTINGS, key) ? SETTINGS[key as ConfigKey].flag.split(' ')[0] : undefined
  return flag !== undefined && known.includes(flag) ? flag : null
}
