// `moonwalk up`: the configuration, the ports of the real world, one node, and an end within five seconds.
import { cpus, hostname, platform, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Config, Given } from '../config.ts'
import { addressOf } from '../domain/address.ts'
import type { Entry } from '../feed/news.ts'
import { startControlServer } from '../io/control/control-server.ts'
import { type ControlFile, keepControlFile, loadControlToken, removeControlFile } from '../io/disk/control-file.ts'
import { lockDataDir } from '../io/disk/data-lock.ts'
import { loadIdentity } from '../io/disk/identity.ts'
import { createLogFile, type LogFile } from '../io/disk/log-file.ts'
import { createStore } from '../io/disk/store.ts'
import { createNodeNetwork } from '../io/network/node-network.ts'
import { createNodeHttp } from '../io/network/peer-http.ts'
import { createNodeClock, createNodeRandom } from '../io/node-clock.ts'
import { createNode } from '../node.ts'
import { isFailure, type StoreNote } from '../ports.ts'
import { VERSION } from '../version.ts'
import { dashboardLink } from './dashboard-link.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { newsLine } from './news-line.ts'
import { createOutput, type Output, putInto } from './output.ts'

/** A second signal ends the process at once; the first at the latest after this. */
const END_WITHIN_MS = 4_500
const LINGER_MS = 250

/** `ends` settles when the node is asked to end, be it before it listens. */
export async function up(flags: Readonly<Record<string, unknown>>, env: NodeJS.ProcessEnv, ends: Promise<void>): Promise<ExitCode> {
  void ends.then(() => setTimeout(() => process.exit(EXIT.fine), END_WITHIN_MS).unref())
  const json = flags.json === true
  const { readConfig } = await import('../config.ts')
  const answer = readConfig(givenBy(flags), typeof flags.config === 'string' ? flags.config : undefined, env)
  if (answer.type === 'wrong') {
    process.stderr.write(`${answer.text}\n`)
    return EXIT.usage
  }
  const { config, warnings } = answer
  const err = createOutput(putInto(process.stderr), leftOutText)
  const complain = (text: string, code: ExitCode): ExitCode => {
    err.say(text)
    return code
  }
  for (const warning of warnings) err.say(warning)
  let lose: () => void = () => {}
  const lost = new Promise<void>((resolve) => {
    lose = resolve
  })
  const lock = await lockDataDir(config.dataDir, { onWait: (text) => err.say(text), onLost: () => lose() })
  if (lock.type === 'refused') return complain(lock.text, EXIT.failed)
  const tidy = (): void => {
    removeControlFile(config.dataDir)
    lock.release()
  }
  // However the process ends; nobody is to meet what a killed one before us left behind.
  process.once('exit', tidy)
  removeControlFile(config.dataDir)
  const out = createOutput(putInto(process.stdout), json ? leftOutObject : leftOutText)
  const code = await live({
    config,
    json,
    out,
    complain,
    ends: Promise.race([
      ends.then(() => EXIT.fine),
      lost.then(() => complain(`another moonwalk has taken ${config.dataDir} meanwhile; this one ends`, EXIT.failed)),
    ]),
  })
  process.removeListener('exit', tidy)
  tidy()
  await Promise.all([out.flush(LINGER_MS), err.flush(LINGER_MS)])
  // Whatever is still open by now is not waited for.
  setTimeout(() => process.exit(code), LINGER_MS).unref()
  return code
}

const leftOutText = (lines: number): string => `(${lines} ${lines === 1 ? 'line is' : 'lines are'} missing here: nobody read them)`
const leftOutObject = (lines: number): string => JSON.stringify({ schemaVersion: 1, event: 'leftOut', lines })

interface Life {
  readonly config: Config
  readonly json: boolean
  readonly out: Output
  readonly complain: (text: string, code: ExitCode) => ExitCode
  /** Settles with the exit code when the node is to end. */
  readonly ends: Promise<ExitCode>
}

async function live({ config, json, out, complain, ends }: Life): Promise<ExitCode> {
  const { dataDir } = config
  const loaded = loadIdentity(dataDir)
  if (loaded.type === 'refused') return complain(loaded.text, EXIT.failed)
  const warn = ({ text }: StoreNote): void => void complain(text, EXIT.failed)
  const { token, note: tokenNote } = loadControlToken(dataDir)
  if (tokenNote) warn(tokenNote)
  const log = createNewsLog(config, warn)
  let controlFile: ControlFile | null = null
  const clock = createNodeClock()
  const http = createNodeHttp()
  const ports = {
    clock,
    random: createNodeRandom(),
    network: createNodeNetwork(),
    http,
    store: createStore({
      tableFile: config.tableFile,
      wishesFile: join(dataDir, 'wishes.json'),
      more: () => [tokenNote, log.file?.note() ?? null, controlFile?.note() ?? null].filter((note) => note !== null),
    }),
    identity: loaded.identity,
  }
  const facts = {
    hostname: hostname(),
    platform: platform(),
    cpu: cpus()[0]?.model ?? '',
    ramMiB: Math.floor(totalmem() / 1024 ** 2),
    diskMiB: 0,
  }
  const node = createNode(ports, { ...config.node, version: VERSION }, { facts, token })
  const waiting: string[] = []
  let say = (line: string): void => void waiting.push(line)
  node.onNews((entry) => {
    log.tell(entry)
    const line = json ? JSON.stringify({ schemaVersion: 1, ...entry }) : newsLine(entry)
    if (line !== null) say(line)
  })

  const started = await node.start()
  if (started.type === 'refused') return complain(`${started.text}; choose another port with --listen`, EXIT.failed)
  const shipped = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))
  const control = await startControlServer({
    address: config.control,
    token,
    node,
    clock,
    dashboardDir: shipped('dashboard'),
    diagramsDir: shipped('diagrams'),
    version: VERSION,
  })
  if (isFailure(control)) {
    await node.stop()
    http.close()
    return complain(`can't open the control port ${config.control}: ${control.text}; choose another with --control`, EXIT.failed)
  }
  // A node that is ready joins at once: the library it asks with must not be loaded then.
  await http.loaded()
  const url = `http://${addressOf(control.host, control.port) ?? config.control}`
  controlFile = keepControlFile(dataDir, { url, token, pid: process.pid }, warn)
  const { listen } = started
  const ready = { schemaVersion: 1, event: 'ready', id: node.id, name: node.name, listen, control: url, pid: process.pid }
  const where = listen === null ? 'runs without a public port' : `listens on ${listen}`
  say = (line) => out.say(line)
  say(json ? JSON.stringify(ready) : `${node.name} ${where}; dashboard: ${dashboardLink({ url, token })}`)
  for (const line of waiting) say(line)
  await log.open()

  const code = await ends
  controlFile.remove()
  await Promise.all([node.stop(), control.close()])
  http.close()
  await log.file?.close()
  return code
}

/** The log is opened once the node is ready: its library takes a tenth of a start. */
function createNewsLog({ dataDir, log: level }: Config, onTrouble: (note: StoreNote) => void) {
  const unlogged: Entry[] = []
  let tell = (entry: Entry): void => void unlogged.push(entry)
  if (level === 'silent') return { file: null, tell: () => {}, open: async () => {} }
  const file: LogFile = createLogFile(join(dataDir, 'moonwalk.log'), { onTrouble })
  return {
    file,
    tell: (entry: Entry) => tell(entry),
    open: async (): Promise<void> => {
      const { newsLog } = await import('../io/disk/news-log.ts')
      tell = newsLog(file, level)
      for (const entry of unlogged.splice(0)) tell(entry)
    },
  }
}

const KEY_OF: Readonly<Record<string, string>> = { join: 'seeds', turn: 'turns', expose: 'services', offer: 'offerTurn' }

/** commander's flags under the configuration's keys; what was not given stays out. */
function givenBy(flags: Readonly<Record<string, unknown>>): Given {
  const given: Record<string, unknown> = {}
  for (const [flag, value] of Object.entries(flags)) {
    if (flag === 'config' || flag === 'json') continue
    // `--no-x` flags stand as true unless they are given.
    if ((flag === 'listen' || flag === 'offer') && value === true) continue
    given[KEY_OF[flag] ?? flag] = value
  }
  return given
}
