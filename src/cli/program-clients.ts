// The commands that talk to a node, or look at what lies in its directory.
import { type Command, Option } from 'commander'
import type { EventFlags } from './events.ts'
import { IDENTITY_TEXT, NETWORK_TEXT, SERVICE_OPTIONS_TEXT } from './help-texts.ts'
import type { PingFlags } from './ping.ts'
import { type Act, listed, someText } from './program-parts.ts'

export function addClientCommands(program: Command, act: Act, env: NodeJS.ProcessEnv): void {
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
