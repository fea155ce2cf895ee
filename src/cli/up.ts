// `moonwalk up`: the configuration, the ports of the real world, one node, and an end within five seconds.
import { randomBytes } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, hostname, platform, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Config, Given } from '../config.ts'
import { addressOf } from '../domain/address.ts'
import type { Entry } from '../feed/news.ts'
import { startControlServer } from '../io/control/control-server.ts'
import { lockDataDir } from '../io/disk/data-lock.ts'
import { loadIdentity } from '../io/disk/identity.ts'
import { createTableStore } from '../io/disk/table-store.ts'
import { createWishesStore } from '../io/disk/wishes-store.ts'
import { createNodeNetwork } from '../io/network/node-network.ts'
import { createNodeHttp } from '../io/network/peer-http.ts'
import { createNodeClock, createNodeRandom } from '../io/node-clock.ts'
import { createNode } from '../node.ts'
import { isFailure } from '../ports.ts'
import { VERSION } from '../version.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { newsLine } from './news-line.ts'

/** A second signal ends the process at once; the first at the latest after this. */
const END_WITHIN_MS = 4_500
const LINGER_MS = 250

/** `ends` settles when the node is asked to end, be it before it listens. */
export async function up(flags: Readonly<Record<string, unknown>>, env: NodeJS.ProcessEnv, ends: Promise<void>): Promise<ExitCode> {
  const { readConfig } = await import('../config.ts')
  const answer = readConfig(givenBy(flags), typeof flags.config === 'string' ? flags.config : undefined, env)
  if (answer.type === 'wrong') return complain(answer.text, EXIT.usage)
  const { config } = answer
  const lock = lockDataDir(config.dataDir)
  if (lock.type === 'refused') return complain(lock.text, EXIT.failed)
  const controlFile = join(config.dataDir, 'control.json')
  const tidy = (): void => {
    rmSync(controlFile, { force: true })
    lock.release()
  }
  // However the process ends; nobody is to meet what a killed one before us left behind.
  process.once('exit', tidy)
  rmSync(controlFile, { force: true })
  const code = await live(config, flags.json === true, controlFile, ends)
  process.removeListener('exit', tidy)
  tidy()
  // Whatever is still open by now is not waited for.
  setTimeout(() => process.exit(code), LINGER_MS).unref()
  return code
}

async function live(config: Config, json: boolean, controlFile: string, ends: Promise<void>): Promise<ExitCode> {
  const loaded = loadIdentity(config.dataDir)
  if (loaded.type === 'refused') return complain(loaded.text, EXIT.failed)
  const clock = createNodeClock()
  const token = randomBytes(24).toString('base64url')
  const http = createNodeHttp()
  const ports = {
    clock,
    random: createNodeRandom(),
    network: createNodeNetwork(),
    http,
    store: {
      ...createTableStore(config.tableFile, { onTrouble: (text) => complain(text, EXIT.failed) }),
      ...createWishesStore(join(config.dataDir, 'wishes.json')),
    },
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
  const unlogged: Entry[] = []
  let log = (entry: Entry): void => void unlogged.push(entry)
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  const waiting: string[] = []
  let ready = false
  node.onNews((entry) => {
    log(entry)
    const line = json ? JSON.stringify({ schemaVersion: 1, ...entry }) : newsLine(entry)
    if (line === null) return
    if (ready) say(line)
    else waiting.push(line)
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
  writeFileSync(`${controlFile}.new`, `${JSON.stringify({ url, token, pid: process.pid })}\n`, { mode: 0o600 })
  renameSync(`${controlFile}.new`, controlFile)
  ready = true
  if (json)
    say(
      JSON.stringify({
        schemaVersion: 1,
        event: 'ready',
        id: node.id,
        name: node.name,
        listen: started.listen,
        control: url,
        pid: process.pid,
      }),
    )
  else
    say(
      `${node.name} ${started.listen === null ? 'runs without a public port' : `listens on ${started.listen}`}; dashboard: ${url}/?token=${token}`,
    )
  for (const line of waiting) say(line)
  log = await openLog(config)
  for (const entry of unlogged) log(entry)

  await ends
  rmSync(controlFile, { force: true })
  setTimeout(() => process.exit(EXIT.fine), END_WITHIN_MS).unref()
  await Promise.all([node.stop(), control.close()])
  http.close()
  return EXIT.fine
}

/** The log is opened once the node is ready: its library takes a tenth of a start. */
async function openLog({ dataDir, log }: Config): Promise<(entry: Entry) => void> {
  if (log === 'silent') return () => {}
  const { createNewsLog } = await import('../io/disk/news-log.ts')
  return createNewsLog(join(dataDir, 'moonwalk.log'), log)
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

function complain(text: string, code: ExitCode): ExitCode {
  process.stderr.write(`${text}\n`)
  return code
}
