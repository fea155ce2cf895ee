// A node in the real world, whoever keeps it: `moonwalk up`, or a program that uses the library.
import { cpus, hostname, platform, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import type { MoonwalkNode, NetworkDesk } from './answers.ts'
import type { Config } from './config/config.ts'
import { addressOf } from './domain/address.ts'
import type { NetworkKind } from './domain/network-kind.ts'
import type { Entry } from './feed/news.ts'
import { isToldOutside, TOLD_OUTSIDE } from './feed/told-outside.ts'
import { startControlServer } from './io/control/control-server.ts'
import { type ControlFile, keepControlFile, loadToken } from './io/disk/control-file.ts'
import type { KeyedIdentity } from './io/disk/identity.ts'
import { createLogFile } from './io/disk/log-file.ts'
import { keepPrivate } from './io/disk/private-file.ts'
import { createStore } from './io/disk/store.ts'
import { processDescriptors } from './io/network/descriptors.ts'
import { createNodeNetwork } from './io/network/node-network.ts'
import { createNodeHttp } from './io/network/peer-http.ts'
import { turnTokenOf } from './io/network-keys.ts'
import { createNodeClock, createNodeRandom } from './io/node-clock.ts'
import { eventCommand } from './io/outside/event-command.ts'
import { createOutsideQueue, type Deliver, type OutsideQueue } from './io/outside/outside-queue.ts'
import { webhook } from './io/outside/webhook.ts'
import { withProbingThread } from './io/probing/probing-http.ts'
import { createProbingThread } from './io/probing/probing-thread.ts'
import { createNetworkDesk } from './network-desk.ts'
import { createNode } from './node.ts'
import { type Failure, isFailure, type Listening, type StoreNote } from './ports.ts'
import type { SettledNetwork } from './settled-network.ts'
import { PACKAGE_DIR, VERSION } from './version.ts'

export interface RealNodeNeeds {
  readonly config: Config
  readonly identity: KeyedIdentity
  readonly network: Pick<SettledNetwork, 'keyring' | 'seeds'>
  /** Hears once that a file of the data directory can't be read or written; `status` says so too while it lasts. */
  readonly onTrouble: (note: StoreNote) => void
}

export interface RealNode {
  readonly node: MoonwalkNode
  readonly networkDesk: NetworkDesk
  /** As the node's own, and what peers are asked with is loaded: a node that is ready joins at once, and would wait for it. */
  start(): ReturnType<MoonwalkNode['start']>
  /** Opens the control port at `host:port` and names it in `DIR/control.json`. `url` has no token. */
  openControl(address: string): Promise<{ readonly type: 'open'; readonly url: string; readonly token: string } | Failure>
  /** The log is opened once the node is ready: its library takes a tenth of a start. Entries wait until then. */
  openLog(): Promise<void>
  /** Settles when somebody had the node drained through the control port, who expects it to end. */
  readonly drained: Promise<void>
  /** Ends the node, the control port and its file, and the log. */
  stop(): Promise<void>
}

export function createRealNode({ config, identity, network: { keyring, seeds }, onTrouble }: RealNodeNeeds): RealNode {
  const { dataDir } = config
  const clock = createNodeClock()
  const self = { identity, network: keyring.kind }
  const thread = createProbingThread({ self, descriptors: processDescriptors(), clock })
  const http = withProbingThread(createNodeHttp(onBug, self), thread)
  const dirNote = keepPrivate(dataDir)
  const { token, note: tokenNote } = loadToken(dataDir, 'control-token')
  const metrics = loadToken(dataDir, 'metrics-token')
  // What keeps one token from being kept keeps the other: one sentence.
  const firstNotes = [dirNote, tokenNote ?? metrics.note].filter((note) => note !== null)
  for (const note of firstNotes) onTrouble(note)
  const log = createNewsLog(config, onTrouble)
  let controlFile: ControlFile | null = null
  let outside: readonly OutsideQueue[] = []
  const ports = {
    clock,
    random: createNodeRandom(),
    network: createNodeNetwork(onBug, self),
    http,
    store: createStore({
      tableFile: config.tableFile,
      followsTableLink: dirname(config.tableFile) !== dataDir,
      operatorFile: join(dataDir, 'operator.json'),
      leaseFile: join(dataDir, 'leases.json'),
      spendingFile: join(dataDir, 'speed-tests.json'),
      historyFile: join(dataDir, 'history.json'),
      more: () =>
        [...firstNotes, ...[log.file, controlFile, ...outside, processDescriptors(), thread].map((one) => one?.note() ?? null)].filter(
          (note) => note !== null,
        ),
    }),
    identity,
  }
  const facts = {
    hostname: hostname(),
    platform: platform(),
    cpu: cpus()[0]?.model ?? '',
    ramMiB: Math.floor(totalmem() / 1024 ** 2),
    diskMiB: 0,
  }
  let control: Listening | null = null
  let onDrained = (): void => {}
  const drained = new Promise<void>((resolve) => {
    onDrained = resolve
  })
  const controlAddress = (): string | null =>
    control === null ? (config.opensControl ? config.control : null) : addressOf(control.host, control.port)
  const kind = keyring.kind()
  const options = {
    ...config.node,
    version: VERSION,
    network: kind,
    turnTokens: () => turnTokens(config.turnToken, keyring.kind()),
    seeds: [...new Set([...config.node.seeds, ...seeds])],
  }
  const node = createNode(ports, options, { facts, token, controlAddress, onBug })
  const networkDesk = createNetworkDesk(keyring, node)
  node.onNews((entry) => log.tell(entry))
  outside = outsideQueues(config, node, onTrouble)
  node.onNews((entry) => {
    if (isToldOutside(entry, config.outside.types ?? TOLD_OUTSIDE)) for (const queue of outside) queue.tell(entry)
  })
  return {
    node,
    networkDesk,
    start: async () => {
      const started = await node.start()
      if (started.type === 'started') await http.loaded()
      return started
    },
    openControl: async (address) => {
      const opened = await startControlServer({
        address,
        token,
        metricsToken: metrics.token,
        hosts: config.controlHosts,
        node,
        networkDesk,
        clock,
        onDrained,
        dashboardDir: join(PACKAGE_DIR, 'dist', 'dashboard'),
        diagramsDir: join(PACKAGE_DIR, 'diagrams'),
        version: VERSION,
      })
      if (isFailure(opened)) return opened
      control = opened
      const url = `http://${addressOf(opened.host, opened.port) ?? address}`
      controlFile = keepControlFile(dataDir, { url, token, pid: process.pid }, onTrouble)
      return { type: 'open', url, token }
    },
    drained,
    openLog: () => log.open(),
    stop: async () => {
      controlFile?.remove()
      await Promise.all([node.stop(), control?.close()])
      await Promise.all(outside.map((queue) => queue.close()))
      await http.close()
      await log.file?.close()
    },
  }
}

/** What a person wants told, by command and by web hook. A hook's path is left out where it is named: it may be a secret. */
function outsideQueues({ outside: { command, webhook: url } }: Config, node: MoonwalkNode, onTrouble: (note: StoreNote) => void) {
  const { id, name } = node
  const make = (deliver: Deliver, what: string, fix: string) => createOutsideQueue({ deliver, what, fix, node: { id, name }, onTrouble })
  return [
    ...(command === null
      ? []
      : [make(eventCommand(command), 'the command of --on-event', 'Run it by hand with a JSON object on its standard input.')]),
    ...(url === null
      ? []
      : [make(webhook(url), `the web hook at ${new URL(url).origin}`, 'Look whether it answers a POST with 200 to 299.')]),
  ]
}

/** What a person has set, else what the secrets of a private network give: all of them, so that clients outlive a rotation. */
function turnTokens(set: string | null, network: NetworkKind): readonly string[] {
  if (set !== null) return [set]
  return network.type === 'private' ? network.secrets.map(turnTokenOf) : []
}

/** A bug leaves the node in a state that nobody knows: the process ends, with where it was. */
function onBug(error: unknown): void {
  process.nextTick(() => {
    throw error
  })
}

function createNewsLog({ dataDir, log: level }: Config, onTrouble: (note: StoreNote) => void) {
  const unlogged: Entry[] = []
  let tell = (entry: Entry): void => void unlogged.push(entry)
  if (level === 'silent') return { file: null, tell: () => {}, open: async () => {} }
  const file = createLogFile(join(dataDir, 'moonwalk.log'), { onTrouble })
  return {
    file,
    tell: (entry: Entry) => tell(entry),
    open: async (): Promise<void> => {
      const { newsLog } = await import('./io/disk/news-log.ts')
      tell = newsLog(file, level)
      for (const entry of unlogged.splice(0)) tell(entry)
    },
  }
}
