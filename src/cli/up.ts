// `moonwalk up`: the configuration, the ports of the real world, one node, and an end within five seconds.
import type { NetworkDesk } from '../answers.ts'
import type { Config } from '../config/config.ts'
import type { Given } from '../config/given.ts'
import { removeControlFile } from '../io/disk/control-file.ts'
import { lockDataDir } from '../io/disk/data-lock.ts'
import { loadIdentity } from '../io/disk/identity.ts'
import { startRecording } from '../io/disk/recording-file.ts'
import { createNodeClock } from '../io/node-clock.ts'
import { isFailure, type StoreNote } from '../ports.ts'
import { createRealNode } from '../real-node.ts'
import { settleNetwork } from '../settled-network.ts'
import { complain as complainNow, complaint, warning } from './complaint.ts'
import { dashboardLink } from './dashboard-link.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { newsLine } from './news-line.ts'
import { createOutput, type Output, putInto } from './output.ts'
import { notifyReady, notifyStopping } from './supervisor.ts'

/** A second signal ends the process at once; the first at the latest after this. */
const END_WITHIN_MS = 4_500
const LINGER_MS = 250

/** `ends` settles when the node is asked to end, be it before it listens. */
export async function up(flags: Readonly<Record<string, unknown>>, env: NodeJS.ProcessEnv, ends: Promise<void>): Promise<ExitCode> {
  void ends.then(() => setTimeout(() => process.exit(EXIT.fine), END_WITHIN_MS).unref())
  const json = flags.json === true
  // An invitation among the arguments is not to be read by whoever lists processes.
  if (process.argv.some((word) => word.includes('mw1.'))) process.title = process.argv.join(' ').replaceAll(/mw1\.[\w-]+/g, 'mw1.***')
  const { readConfig } = await import('../config/read-config.ts')
  const answer = readConfig(givenBy(flags), typeof flags.config === 'string' ? flags.config : undefined, env)
  if (answer.type === 'wrong') {
    return complainNow(answer.text, EXIT.usage, json)
  }
  const { config, warnings } = answer
  const err = createOutput(putInto(process.stderr), json ? leftOutObject : leftOutText)
  const complain = (text: string, code: ExitCode): ExitCode => {
    err.say(complaint(text, json))
    return code
  }
  const warn = (text: string): void => err.say(warning(text, json))
  for (const text of warnings) warn(text)
  let lose: () => void = () => {}
  const lost = new Promise<void>((resolve) => {
    lose = resolve
  })
  const lock = await lockDataDir(config.dataDir, { onWait: warn, onLost: () => lose() })
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
    record: typeof flags.record === 'string' ? flags.record : null,
    out,
    complain,
    warn,
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
  /** Where what happens is written down. */
  readonly record: string | null
  readonly out: Output
  readonly complain: (text: string, code: ExitCode) => ExitCode
  /** Of what does not end the node. */
  readonly warn: (text: string) => void
  /** Settles with the exit code when the node is to end. */
  readonly ends: Promise<ExitCode>
}

async function live({ config, json, record, out, complain, warn, ends }: Life): Promise<ExitCode> {
  const network = await settleNetwork(config, { onBug: throwLater, onWait: warn })
  if (network.type === 'refused') return complain(network.text, network.isUsage ? EXIT.usage : EXIT.failed)
  for (const note of network.notes) warn(note)
  const loaded = loadIdentity(config.dataDir)
  if (loaded.type === 'refused') return complain(loaded.text, EXIT.failed)
  const onTrouble = ({ text }: StoreNote): void => warn(text)
  const real = createRealNode({ config, identity: loaded.identity, network, onTrouble })
  const { node } = real
  const waiting: string[] = []
  let say = (line: string): void => void waiting.push(line)
  node.onNews((entry) => {
    const line = json ? JSON.stringify({ schemaVersion: 1, ...entry }) : newsLine(entry)
    if (line === null) return
    // Whoever keeps the news in a file sees at the terminal what keeps the node alone.
    if (entry.type === 'seed.failed' && !json) warn(line)
    else say(line)
  })

  const started = await real.start()
  if (started.type === 'refused') return complain(`${started.text}; choose another port with --listen`, EXIT.failed)
  const control = await real.openControl(config.control)
  if (isFailure(control)) {
    await real.stop()
    return complain(`can't open the control port ${config.control}: ${control.text}; choose another with --control`, EXIT.failed)
  }
  const recording =
    record === null ? null : startRecording({ node, clock: createNodeClock(), file: record, onTrouble: (line) => say(line) })
  if (recording !== null && typeof recording !== 'function') {
    await real.stop()
    return complain(recording.text, EXIT.failed)
  }
  const { listen } = started
  const invitation = network.isNew ? invitationOf(real.networkDesk) : null
  const { kind, text } = real.networkDesk.show()
  const ready = {
    ...{ schemaVersion: 1, event: 'ready', id: node.id, name: node.name, listen, control: control.url, pid: process.pid },
    ...{ network: kind, invitation },
  }
  const where = listen === null ? 'runs without a public port' : `listens on ${listen}`
  say = (line) => out.say(line)
  // The link opens the node: it is for a person's eyes, and for no file or journal that stdout may be.
  const page = process.stdout.isTTY ? dashboardLink(control) : `${control.url} (the link: \`moonwalk dashboard\`)`
  say(json ? JSON.stringify(ready) : `${node.name} ${where}; dashboard: ${page}`)
  if (!json) for (const line of networkLines(text, kind, invitation)) say(line)
  for (const line of waiting) say(line)
  notifyReady(process.env, where, warn)
  await real.openLog()
  const code = await Promise.race([ends, real.drained.then(() => EXIT.fine)])
  notifyStopping(process.env)
  await real.stop()
  await recording?.()
  return code
}

function invitationOf(desk: NetworkDesk): string | null {
  const answer = desk.invite()
  return 'invitation' in answer ? answer.invitation : null
}

/** The invitation holds the secret: it is printed by the start that made it, and later when it is asked for. */
function networkLines(text: string, kind: 'open' | 'private', invitation: string | null): readonly string[] {
  if (invitation !== null) return [`it is in ${text}; others join it with`, `moonwalk up --join ${invitation}`]
  return [`it is in ${text}${kind === 'private' ? '; `moonwalk invite` prints that' : ''}`]
}

function throwLater(error: unknown): void {
  process.nextTick(() => {
    throw error
  })
}

const KEY_OF: Readonly<Record<string, string>> = { join: 'seeds', turn: 'turns', pin: 'pins', expose: 'services', open: 'network' }

/** commander's flags under the configuration's keys; what was not given stays out. */
function givenBy(flags: Readonly<Record<string, unknown>>): Given {
  const given: Record<string, unknown> = {}
  for (const [flag, value] of Object.entries(flags)) {
    if (flag === 'config' || flag === 'json' || flag === 'record') continue
    // `--no-x` flags stand as true unless they are given.
    if ((flag === 'listen' || flag === 'offer') && value === true) continue
    given[KEY_OF[flag] ?? flag] = flag === 'offer' && value === false ? 'nobody' : flag === 'open' ? 'open' : value
  }
  return given
}
