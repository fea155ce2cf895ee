// The commands with their flags. What each does is loaded when it is called, so that none waits for another's libraries.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { CONFIG_KEYS, type ConfigKey, SETTINGS, type Setting, variableOf } from '../config/settings.ts'
import { nearest } from '../domain/nearest.ts'
import { VERSION } from '../version.ts'
import { complain } from './complaint.ts'
import type { EventFlags } from './events.ts'
import { examplesText } from './examples.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { PingFlags } from './ping.ts'
import { firstSignal } from './signals.ts'
import { columns } from './tables.ts'
import { widthOf } from './terminal.ts'

type Env = NodeJS.ProcessEnv

/** Of a help that goes into a pipe. */
const USUAL_WIDTH = 80

/** Runs one command line; settles with the exit code. */
export async function run(argv: readonly string[], env: Env): Promise<number> {
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
  const act =
    <A extends unknown[]>(work: (...args: A) => Promise<ExitCode>) =>
    async (...args: A): Promise<void> => {
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
  const near = nearest(unknown[2] ?? '', known)
  return `${message}${near ? `; did you mean ${near}?` : seeHelp}`
}

/** An empty text is a shell variable that was not set: it must not mean the default. */
function someText(value: string): string {
  if (value === '') throw new InvalidArgumentError('It must not be empty.')
  return value
}

type Act = <A extends unknown[]>(work: (...args: A) => Promise<ExitCode>) => (...args: A) => Promise<void>

/** Options that may be given more than once. */
const listed = (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value]

function addUp(program: Command, act: Act, env: Env): void {
  const up = program
    .command('up')
    .description('start a node; the address of its dashboard is printed')
    .option('--config <file>', 'JSON configuration (MOONWALK_CONFIG; default DIR/moonwalk.json if it is there)')
  for (const key of CONFIG_KEYS) addSetting(up, key)
  up.option('--record <file>', 'write down what the page shows, for `moonwalk replay`: at most 64 MB in FILE and FILE.1', someText)
    .option('--json', 'one JSON object a line instead of text')
    .addHelpText('after', settingsText())
    .action(
      act(async (flags: Record<string, unknown>) => {
        const ends = firstSignal()
        return (await import('./up.ts')).up(flags, env, ends)
      }),
    )
}

function addSetting(up: Command, key: ConfigKey): void {
  const { flag, off, meaning, usual, isList, isCount }: Setting = SETTINGS[key]
  const text = `${meaning}${isList ? '; may be repeated' : ''} (default: ${usual})`
  const option = new Option(flag, text)
  if (isList) option.argParser(listed)
  if (isCount) option.argParser((value) => (/^\d+$/.test(value) ? Number(value) : value))
  up.addOption(option)
  if (off !== undefined)
    up.option(off, key === 'offer' ? 'carry traffic for nobody' : 'open nothing to the outside: everything arrives through the tunnel')
}

const SERVICE_OPTIONS_TEXT = `
A service may have options behind a ?, separated by &, as in 'web=3000?limit=1MB&check=http:/health' (quoted, for the shell):

  encrypt, compress        what goes between TURN and this node
  limit=1MB                bytes a second, all connections and both ways together: KB or MB
  limit-mode=server        the TURN keeps the limit, not this node
  proxy-protocol=v2        the local service is told who its users are: v1 or v2; for udp v2
  group=G, group-key=K     tcp: shares its public port with the services of that group on the same TURN
  check=tcp, http:/PATH    public only while the service accepts connections, or answers that path with 2xx
  port=20080               the public port to ask for
  private                  tcp and udp: nothing public is opened; members reach it with "moonwalk connect"
  allow=NODE               private: only that node, by id or name; in an open network by id; may stand several times
`

/** Where else each setting may stand. */
function settingsText(): string {
  const rows = CONFIG_KEYS.map((key) => {
    const { flag }: Setting = SETTINGS[key]
    return [flag.split(' ')[0] ?? '', key, variableOf(key)]
  })
  return `${SERVICE_OPTIONS_TEXT}
Flags win over the environment, the environment over the configuration file. Lists are JSON lists in the file, and separated by
commas in the environment. The same settings are called:

${columns([['flag', 'key in the file', 'variable'], ...rows]).replaceAll(/^/gm, '  ')}
`
}

const IDENTITY_TEXT = `
A node is its key, DIR/identity.json, whatever its name and address. A cloned machine has its origin's key: two nodes are then one
to all others, and push each other out. \`moonwalk identity renew --data DIR\` makes the stopped clone a node of its own: with a new
key, and a new control token from its next start on. The old key is kept beside the new one.
`

const NETWORK_TEXT = `
  show                     the kind, and the secrets by their fingerprints
  open                     a stopped node: be in an open network, which anybody may join and see
  private                  a stopped node: begin a private network
  join INVITATION          a stopped node: be in the private network of the invitation
  rotate ...               replace the secret, on running and on stopped nodes, in three steps. Each is taken on every member
                           before the next:
    rotate                 on one member: adds a new secret, and prints the line that adds it on the others,
                           moonwalk network rotate add INVITATION
    rotate first           proves the new secret to others from now on; the old one is still taken
    rotate drop            ends the old one: who has not got the new one is out

What was in DIR/network.json before open, private and join is kept beside it. The table stays: servers of another network are
asked in vain, and go.
`

function addClientCommands(program: Command, act: Act, env: Env): void {
  const client = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .option('--data <dir>', 'directory of the node (MOONWALK_DATA)', someText)
      .option('--json', 'print one JSON object')
  type Flags = {
    data?: string
    json?: boolean
    watch?: boolean
    all?: boolean
    name?: string
    udp?: boolean
    http?: string
    https?: string
    timeout?: string
    private?: boolean
    allow?: readonly string[]
    port?: string
  }
  const load = () => import('./client-commands.ts')
  client('status', 'this node: state, address, TURN and why this one, services, health').action(
    act(async (flags: Flags) => (await load()).status(flags, env)),
  )
  client('invite', 'the line with which others join the private network of the running node; it holds the secret').action(
    act(async (flags: Flags) => (await load()).invite(flags, env)),
  )
  client('network', 'which network the node of a directory is in, and how that is changed')
    .argument('[action]', 'show, open, private, join or rotate', 'show')
    .argument('[words...]', 'join: an invitation; rotate: add (with an invitation, or none), first or drop')
    .addHelpText('after', NETWORK_TEXT)
    .action(
      act(async (action: string, words: readonly string[], flags: Flags) =>
        (await import('./network.ts')).network([action, ...words], flags, env),
      ),
    )
  client('turn', 'what stock frp clients need of the TURN of a node')
    .argument('<action>', 'token: prints the auth.token that they give', someText)
    .option('--turn-token-file <file>', 'as for `up`: that file holds it', someText)
    .action(act(async (action: string, flags: Flags) => (await import('./turn-token.ts')).turn(action, flags, env)))
  client('peers', 'the table of every server in the network')
    .option('--watch', 'show it again with every change')
    .option('--all', 'those too that went within the last 24 hours')
    .action(act(async (flags: Flags) => (await load()).peers(flags, env)))
  client('add', 'a further known address')
    .argument('<host:port>')
    .action(act(async (address: string, flags: Flags) => (await load()).add(address, flags, env)))
  client('remove', 'forget a node')
    .argument('<node>', 'id, name or HOST:PORT', someText)
    .action(act(async (peer: string, flags: Flags) => (await load()).remove(peer, flags, env)))
  client('pin', 'use these TURNs and nobody else, best first, until `unpin`; kept over restarts')
    .argument('<node...>', 'id, name or HOST:PORT', (value: string, before: readonly string[] | undefined) =>
      listed(someText(value), before),
    )
    .action(act(async (peers: readonly string[], flags: Flags) => (await load()).pin(peers, flags, env)))
  client('unpin', 'choose TURNs again as the node was started').action(act(async (flags: Flags) => (await load()).pin([], flags, env)))
  client('expose', 'put a local service on the internet')
    .argument('<port>', 'PORT or HOST:PORT, with /udp, /http:DOMAIN or /https:DOMAIN, and options behind a ?')
    .option('--name <name>', 'what the service is called')
    .option('--udp', 'carry datagrams')
    .option('--http <domain>', 'answer HTTP for this domain')
    .option('--https <domain>', 'answer TLS for this domain; the certificate stays with the service')
    .option('--private', 'open nothing public: members reach it with `moonwalk connect`')
    .addOption(new Option('--allow <node>', 'with --private: only that node may, by id or name; may be repeated').argParser(listed))
    .option('--timeout <seconds>', 'how long to wait for the proof', '30')
    .addHelpText('after', SERVICE_OPTIONS_TEXT)
    .action(act(async (target: string, flags: Flags) => (await load()).expose(target, flags, env)))
  client('connect', 'a local port for a service of another node, wherever that is reached now; until Ctrl-C')
    .argument('[node/service]', 'such as home/web; without it, what can be connected to is listed')
    .option('--port <port>', 'the local port; default: a free one')
    .action(act(async (target: string | undefined, flags: Flags) => (await import('./connect.ts')).connect(target, flags, env)))
  client('unexpose', 'take a service back')
    .argument('<name>', 'what the service is called', someText)
    .action(act(async (name: string, flags: Flags) => (await load()).unexpose(name, flags, env)))
  client('drain', 'end the node once its clients are carried elsewhere and nothing is under way')
    .option('--patience <seconds>', 'how long to wait for them', '60')
    .action(act(async (flags: Flags) => (await import('./drain.ts')).drain(flags, env)))
  client('ping', 'a measurement of latency now, and the path it took')
    .argument('<node>', 'id, name or HOST:PORT', someText)
    .option('-c, --count <n>', 'so many, one a second', someText)
    .option('--until-direct', 'until an answer came without a TURN between; ends with 1 where none did')
    .action(act(async (peer: string, flags: PingFlags) => (await import('./ping.ts')).ping(peer, flags, env)))
  client('speedtest', 'one measurement of download and upload now')
    .argument('<node>', 'id, name or HOST:PORT', someText)
    .action(act(async (peer: string, flags: Flags) => (await load()).speedtest(peer, flags, env)))
  client('netcheck', 'how this node is seen from outside and by whom, what NAT it is behind, which TURN is nearest').action(
    act(async (flags: Flags) => (await load()).netcheck(flags, env)),
  )
  client('doctor', 'what is wrong and what to do about it, whether the node runs or not; ends with 1 where something is')
    .option('--config <file>', 'as for `up`', someText)
    .action(act(async (flags: Flags & { config?: string }) => (await import('./doctor/doctor.ts')).doctor(flags, env)))
  client('history', 'the last day by the minute: a bar for the node, each service and the nearest peers, and what happened')
    .option('--since <time>', 'how far back, such as 90m or 24h', '24h')
    .action(act(async (flags: Flags & { since?: string }) => (await import('./history.ts')).history(flags, env)))
  client('bugreport', 'one file for whoever looks into a fault, without secrets')
    .argument('[file]', 'where to; - for stdout (default: moonwalk-report-TIME.txt)', someText)
    .action(act(async (file: string | undefined, flags: Flags) => (await import('./bugreport.ts')).bugreport(file, flags, env)))
  client('dashboard', 'the link of the page of the running node; no browser is started').action(
    act(async (flags: Flags) => (await load()).dashboard(flags, env)),
  )
  client('metrics', 'what a scraper needs to read /metrics, and can do nothing else with')
    .argument('<what>', 'token: print it', someText)
    .action(act(async (what: string, flags: Flags) => (await import('./metrics.ts')).metrics(what, flags, env)))
  client('identity', "a node's id, whether it runs or not")
    .argument('[action]', 'renew: give a stopped node a new key')
    .addHelpText('after', IDENTITY_TEXT)
    .action(act(async (action: string | undefined, flags: Flags) => (await import('./identity.ts')).identity(action, flags, env)))
  client('events', 'the last news, and then each as it comes, one line an entry; --json has the measurements too')
    .option('--since <time>', 'all that are kept since then: 90m, 2h, or a date', someText)
    .option('--type <types>', 'only those: whole types, or the first word of several, separated by commas', someText)
    .action(act(async (flags: EventFlags) => (await import('./events.ts')).events(flags, env)))
}
