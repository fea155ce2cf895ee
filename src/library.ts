// The library: a node of the real world inside a program. It prints nothing, handles no signals and ends no process; what it
// writes lies in its data directory.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { MoonwalkNode, Refusal, ServiceAnswer } from './answers.ts'
import type { Config } from './config/config.ts'
import { readSettings } from './config/read-config.ts'
import { readService } from './config/service-spec.ts'
import type { Entry, News } from './feed/news.ts'
import { removeControlFile } from './io/disk/control-file.ts'
import { lockDataDir } from './io/disk/data-lock.ts'
import { type KeyedIdentity, loadIdentity } from './io/disk/identity.ts'
import type { NodeSettings } from './library-settings.ts'
import { isFailure } from './ports.ts'
import { createRealNode } from './real-node.ts'
import { type SettledNetwork, settleNetwork } from './settled-network.ts'

/** What a node tells: each entry of the feed as `news`, and once more by its own type. */
export type NodeEvents = { readonly news: Entry } & { readonly [T in News['type']]: Extract<Entry, { readonly type: T }> }

/** Everything that the command can ask of a running node. What is refused is an answer: `{ type: 'refused', text }`. */
export interface LibraryNode
  extends Pick<
    MoonwalkNode,
    'id' | 'name' | 'status' | 'peers' | 'table' | 'add' | 'remove' | 'unexpose' | 'drain' | 'ping' | 'speedtest' | 'connect'
  > {
  /**
   * Opens the public port, then joins. Settles when it listens: `listen` is the bound `host:port`, null without one. Refused
   * where the data directory, the public port or the control port can't be had.
   */
  start(): Promise<{ readonly type: 'started'; readonly listen: string | null } | Refusal>
  /**
   * Ends tunnels, proxies and listeners, writes the table, and lets go of the
   * data directory. Settles within 5 s; never starts again.
   */
  stop(): Promise<void>
  /**
   * Exposes `[NAME=]PORT` …, written as in `services`. Settles when its public address is proven, or
   * refused after `timeoutMs` (30,000): then it is tried further.
   */
  expose(spec: string, timeoutMs?: number): Promise<ServiceAnswer | Refusal>
  /** What others need to join this node's private network, with the addresses that are known now; null in an open one. */
  invitation(): string | null
  /** Hears of what happens from now on. Answers the end of it. What a listener throws is thrown outside of the node. */
  on<E extends keyof NodeEvents>(event: E, listener: (entry: NodeEvents[E]) => void): () => void
}

/**
 * Makes a node; nothing is opened before `start`. Rejects with one sentence where a setting is wrong, or what is made in its data
 * directory the first time, the node's key and which network it is in, can't be had. A fresh directory that is given plain addresses
 * alone, without `open`, is refused too: the sentence says which kind of network theirs is, since they are asked.
 */
export async function createNode(settings: NodeSettings = {}): Promise<LibraryNode> {
  const read = readSettings({ ...settings })
  if (read.type === 'wrong') throw new TypeError(`createNode: ${read.text}`)
  const { config } = read
  const { dataDir } = config
  const real = createRealNode({ config, ...(await keptIn(config)), onTrouble: () => {} })
  const { node } = real
  let starting: ReturnType<LibraryNode['start']> | null = null
  let stopping: Promise<void> | null = null
  let release = (): void => {}

  const begin: LibraryNode['start'] = async () => {
    const lock = await lockDataDir(dataDir, { onLost: () => void lose() })
    if (lock.type === 'refused') return refused(withoutFlag(lock.text))
    removeControlFile(dataDir) // a killed node's
    const started = await real.start()
    if (started.type === 'refused') {
      lock.release()
      return started
    }
    release = lock.release
    const control = settings.control === undefined ? null : await real.openControl(config.control)
    if (control && isFailure(control)) {
      stopping = end()
      await stopping
      return refused(`can't open the control port ${config.control}: ${control.text}`)
    }
    await real.openLog()
    return started
  }
  const lose = async (): Promise<void> => {
    process.emitWarning(`another moonwalk has taken ${dataDir} meanwhile; this one has stopped`)
    await stop()
  }
  const stop = async (): Promise<void> => {
    const answer = await starting
    if (answer?.type === 'started') stopping ??= end()
    stopping ??= Promise.resolve()
    await stopping
  }
  real.drained.then(() => stop()).catch(throwLater)
  const end = async (): Promise<void> => {
    await real.stop()
    release()
  }

  const { id, name, status, peers, table, add, remove, unexpose, drain, ping, speedtest, connect } = node
  return {
    ...{ id, name, status, peers, table, add, remove, unexpose, drain, ping, speedtest, connect },
    start: async () => {
      if (stopping) return refused('this node was stopped; make another with createNode')
      starting ??= begin()
      const answer = await starting
      if (answer.type === 'refused') starting = null // it may be tried again
      return answer
    },
    stop,
    invitation: () => {
      const answer = real.networkDesk.invite()
      return 'invitation' in answer ? answer.invitation : null
    },
    expose: async (spec, timeoutMs = EXPOSE_TIMEOUT) => {
      const read = readService(spec)
      return 'wrong' in read ? refused(read.wrong) : node.expose(read.ok, timeoutMs)
    },
    on: (event, listener) =>
      node.onNews((entry) => {
        if (!isOf(event, entry)) return
        try {
          listener(entry)
        } catch (error) {
          throwLater(error)
        }
      }),
  }
}

const EXPOSE_TIMEOUT = 30_000

const refused = (text: string): Refusal => ({ type: 'refused', text })
/** Advice that names flags, in the words of the settings. */
const inSettings = (text: string): string => text.replaceAll('--open', 'open: true')
/** Of what the command says, the advice that is for its users. */
const withoutFlag = (text: string): string => text.replace(/ with --\w+$/, '')
const isOf = <E extends keyof NodeEvents>(event: E, entry: Entry): entry is NodeEvents[E] => event === 'news' || entry.type === event

/** Two processes must not both make the first key and the network, so that is done by whoever holds the directory. */
async function keptIn(config: Config): Promise<{ readonly identity: KeyedIdentity; readonly network: SettledNetwork }> {
  const { dataDir } = config
  const lock = await lockDataDir(dataDir)
  const isThere = ['identity.json', 'network.json'].every((name) => existsSync(join(dataDir, name)))
  if (lock.type === 'refused' && !isThere) throw new Error(withoutFlag(lock.text))
  try {
    const network = await settleNetwork(config, { onBug: throwLater, mayWrite: lock.type === 'locked' })
    if (network.type === 'refused') throw new Error(inSettings(network.text))
    const loaded = loadIdentity(dataDir)
    if (loaded.type === 'refused') throw new Error(loaded.text)
    return { identity: loaded.identity, network }
  } finally {
    if (lock.type === 'locked') lock.release()
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
