// `moonwalk up`: the configuration, the ports of the real world, one node, and an end within five seconds.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Config, Given } from '../config.ts'
import type { Entry } from '../feed/news.ts'
import { lockDataDir } from '../io/disk/data-lock.ts'
import { loadIdentity } from '../io/disk/identity.ts'
import { isFailure } from '../ports.ts'
import { controlFileOf, createRealNode } from '../real-node.ts'
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
  const controlFile = controlFileOf(config.dataDir)
  const tidy = (): void => {
    rmSync(controlFile, { force: true })
    lock.release()
  }
  // However the process ends; nobody is to meet what a killed one before us left behind.
  process.once('exit', tidy)
  rmSync(controlFile, { force: true })
  const code = await live(config, flags.json === true, ends)
  process.removeListener('exit', tidy)
  tidy()
  // Whatever is still open by now is not waited for.
  setTimeout(() => process.exit(code), LINGER_MS).unref()
  return code
}

async function live(config: Config, json: boolean, ends: Promise<void>): Promise<ExitCode> {
  const loaded = loadIdentity(config.dataDir)
  if (loaded.type === 'refused') return complain(loaded.text, EXIT.failed)
  const real = createRealNode({ config, identity: loaded.identity, onTrouble: (text) => complain(text, EXIT.failed) })
  const { node } = real
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

  const started = await real.start()
  if (started.type === 'refused') return complain(`${started.text}; choose another port with --listen`, EXIT.failed)
  const control = await real.openControl(config.control)
  if (isFailure(control)) {
    await real.stop()
    return complain(`can't open the control port ${config.control}: ${control.text}; choose another with --control`, EXIT.failed)
  }
  const { url, token } = control
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
  setTimeout(() => process.exit(EXIT.fine), END_WITHIN_MS).unref()
  await real.stop()
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
