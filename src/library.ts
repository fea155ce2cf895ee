// The library: a node of the real world inside a program. It prints nothing, handles no signals and ends no process; what it
// writes lies in its data directory.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { MoonwalkNode, Refusal, ServiceAnswer } from './answers.ts'
import { readSettings } from './config.ts'
import { readService } from './config-specs.ts'
import type { Entry, News } from './feed/news.ts'
import { removeControlFile } from './io/disk/control-file.ts'
import { lockDataDir } from './io/disk/data-lock.ts'
import { type KeyedIdentity, loadIdentity } from './io/disk/identity.ts'
import { isFailure } from './ports.ts'
import { createRealNode } from './real-node.ts'

/**
 * The keys of the configuration file, with the same values and, `control` apart, the same defaults. `MOONWALK_…` variables and
 * `moonwalk.json` are the command's: the library reads neither.
 */
export interface NodeSettings {
  /** The directory in which everything lies that the node writes. One node at a time. Default: the command's. */
  readonly data?: string | undefined
  /** Known addresses, `host:port`, to start from; never forgotten. Default: none. */
  readonly join?: string | readonly string[] | undefined
  /** The same by its key in the configuration file. */
  readonly seeds?: readonly string[] | undefined
  /** The one public port, `host:port`; port 0 picks one; false: nothing is opened to the outside. Default: `0.0.0.0:8088`. */
  readonly listen?: string | false | undefined
  /** `host:port` of dashboard, feed, API and metrics; port 0 picks one. Default, unlike the command's: none is opened. */
  readonly control?: string | undefined
  /** What people see. Default: the host name. */
  readonly name?: string | undefined
  /** The file of the IP table. Default: `ip_table.json` in the data directory. */
  readonly table?: string | undefined
  /** `host` or `host:port` to try first for how others reach this node. Default: learnt from peers. */
  readonly advertise?: string | undefined
  /** Which addresses may be contacted and kept; `lan`: private ranges too, named by a person or a neighbour; `any`: loopback too. Default: `lan`. */
  readonly addresses?: 'public' | 'lan' | 'any' | undefined
  /** Where a TURN may be found: `moonwalk`, `none`, or a stock frps as `frp://…`. Default: `['moonwalk']`. */
  readonly turns?: readonly string[] | undefined
  /** For whom traffic is carried. Default: members; in an open network everybody, rationed, unless there is a token file. */
  readonly offer?: 'members' | 'everybody' | 'nobody' | undefined
  /** A file with what your own stock frp clients give as `auth.token`. Default: made from a private network's secret. */
  readonly turnTokenFile?: string | undefined
  /** What strangers may have, as `sessions=2,ports=4,clients=128,rate=1MB,day=2GB,udp=3,nodes=8`, or some of these; 0: no limit. */
  readonly rations?: string | undefined
  /** Domains that strangers may have for web services: names, and `*.` before one for all below it. Default: none. */
  readonly allowDomains?: readonly string[] | undefined
  /** Ports handed out to clients that name none, `20000-29999` by default. */
  readonly ports?: string | undefined
  /** Ports that clients may name: ranges and single ports, `1024-65535` by default. */
  readonly allowPorts?: string | undefined
  /** Ports that a client may have at once, 64 by default; 0: as many as it likes. */
  readonly maxPortsPerClient?: number | undefined
  /** Clients may have names below this domain for web services. Default: none. */
  readonly subdomainHost?: string | undefined
  /** Services to expose from the start, each as `[NAME=]PORT` or `[NAME=]HOST:PORT`, with `/udp`, `/http:DOMAIN`, `?limit=1MB` … */
  readonly services?: readonly string[] | undefined
  /** Milliseconds from one speed test of this node to its next, 10,000 by default. */
  readonly speedtestPaceMs?: number | undefined
  /** How much goes into `moonwalk.log` in the data directory. Default: `info`. */
  readonly log?: 'debug' | 'info' | 'warn' | 'silent' | undefined
}

/** What a node tells: each entry of the feed as `news`, and once more by its own type. */
export type NodeEvents = { readonly news: Entry } & { readonly [T in News['type']]: Extract<Entry, { readonly type: T }> }

/** Everything that the command can ask of a running node. What is refused is an answer: `{ type: 'refused', text }`. */
export interface LibraryNode
  extends Pick<MoonwalkNode, 'id' | 'name' | 'status' | 'peers' | 'table' | 'add' | 'remove' | 'unexpose' | 'ping' | 'speedtest'> {
  /**
   * Opens the public port, then joins. Settles when it listens: `listen` is the bound `host:port`, null without one. Refused
   * where the data directory, the public port or the control port can't be had.
   */
  start(): Promise<{ readonly type: 'started'; readonly listen: string | null } | Refusal>
  /** Ends tunnels, proxies and listeners, writes the table, and lets go of the data directory. Settles within 5 s; never starts again. */
  stop(): Promise<void>
  /** Exposes `[NAME=]PORT` …, written as in `services`. Settles when its public address is proven, or refused after `timeoutMs` (30,000): then it is tried further. */
  expose(spec: string, timeoutMs?: number): Promise<ServiceAnswer | Refusal>
  /** Hears of what happens from now on. Answers the end of it. What a listener throws is thrown outside of the node. */
  on<E extends keyof NodeEvents>(event: E, listener: (entry: NodeEvents[E]) => void): () => void
}

/**
 * Makes a node; nothing is opened before `start`. Rejects with one sentence where a setting is wrong, or the key of the node, made
 * in its data directory the first time, can't be had.
 */
export async function createNode(settings: NodeSettings = {}): Promise<LibraryNode> {
  const read = readSettings({ ...settings })
  if (read.type === 'wrong') throw new TypeError(`createNode: ${read.text}`)
  const { config } = read
  const { dataDir } = config
  const real = createRealNode({ config, identity: await identityIn(dataDir), onTrouble: () => {} })
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
  const end = async (): Promise<void> => {
    await real.stop()
    release()
  }

  const { id, name, status, peers, table, add, remove, unexpose, ping, speedtest } = node
  return {
    ...{ id, name, status, peers, table, add, remove, unexpose, ping, speedtest },
    start: async () => {
      if (stopping) return refused('this node was stopped; make another with createNode')
      starting ??= begin()
      const answer = await starting
      if (answer.type === 'refused') starting = null // it may be tried again
      return answer
    },
    stop,
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
          queueMicrotask(() => {
            throw error
          })
        }
      }),
  }
}

const EXPOSE_TIMEOUT = 30_000

const refused = (text: string): Refusal => ({ type: 'refused', text })
/** Of what the command says, the advice that is for its users. */
const withoutFlag = (text: string): string => text.replace(/ with --\w+$/, '')
const isOf = <E extends keyof NodeEvents>(event: E, entry: Entry): entry is NodeEvents[E] => event === 'news' || entry.type === event

/** Two processes must not both make the first key, so that is done by whoever holds the directory. */
async function identityIn(dir: string): Promise<KeyedIdentity> {
  const lock = await lockDataDir(dir)
  if (lock.type === 'refused' && !existsSync(join(dir, 'identity.json'))) throw new Error(withoutFlag(lock.text))
  const loaded = loadIdentity(dir)
  if (lock.type === 'locked') lock.release()
  if (loaded.type === 'refused') throw new Error(loaded.text)
  return loaded.identity
}
