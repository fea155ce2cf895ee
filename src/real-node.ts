// A node in the real world, whoever keeps it: `moonwalk up`, or a program that uses the library.
import { randomBytes } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, hostname, platform, totalmem } from 'node:os'
import { join } from 'node:path'
import type { MoonwalkNode } from './answers.ts'
import type { Config } from './config.ts'
import { addressOf } from './domain/address.ts'
import { startControlServer } from './io/control/control-server.ts'
import { createTableStore } from './io/disk/table-store.ts'
import { createWishesStore } from './io/disk/wishes-store.ts'
import { createNodeNetwork } from './io/network/node-network.ts'
import { createNodeHttp } from './io/network/peer-http.ts'
import { createNodeClock, createNodeRandom } from './io/node-clock.ts'
import { createNode } from './node.ts'
import { type Failure, type Identity, isFailure, type Listening } from './ports.ts'
import { PACKAGE_DIR, VERSION } from './version.ts'

export interface RealNodeNeeds {
  readonly config: Config
  readonly identity: Identity
  /** Hears one sentence when the table can't be written. */
  readonly onTrouble: (text: string) => void
}

export interface RealNode {
  readonly node: MoonwalkNode
  /** As the node's own, and what peers are asked with is loaded: a node that is ready joins at once, and would wait for it. */
  start(): ReturnType<MoonwalkNode['start']>
  /** Opens the control port at `host:port` and names it in `DIR/control.json`. `url` has no token. */
  openControl(address: string): Promise<{ readonly type: 'open'; readonly url: string; readonly token: string } | Failure>
  /** Ends the node, the control port and its file. */
  stop(): Promise<void>
}

/** What other commands find a running node by. */
export const controlFileOf = (dataDir: string): string => join(dataDir, 'control.json')

export function createRealNode({ config, identity, onTrouble }: RealNodeNeeds): RealNode {
  const clock = createNodeClock()
  const http = createNodeHttp()
  const token = randomBytes(24).toString('base64url')
  const controlFile = controlFileOf(config.dataDir)
  const ports = {
    clock,
    random: createNodeRandom(),
    network: createNodeNetwork(),
    http,
    store: { ...createTableStore(config.tableFile, { onTrouble }), ...createWishesStore(join(config.dataDir, 'wishes.json')) },
    identity,
  }
  const facts = {
    hostname: hostname(),
    platform: platform(),
    cpu: cpus()[0]?.model ?? '',
    ramMiB: Math.floor(totalmem() / 1024 ** 2),
    diskMiB: 0,
  }
  const node = createNode(ports, { ...config.node, version: VERSION }, { facts, token })
  let control: Listening | null = null
  return {
    node,
    start: async () => {
      const started = await node.start()
      if (started.type === 'started') await http.loaded()
      return started
    },
    openControl: async (address) => {
      const opened = await startControlServer({
        address,
        token,
        node,
        clock,
        dashboardDir: join(PACKAGE_DIR, 'dist', 'dashboard'),
        diagramsDir: join(PACKAGE_DIR, 'diagrams'),
        version: VERSION,
      })
      if (isFailure(opened)) return opened
      control = opened
      const url = `http://${addressOf(opened.host, opened.port) ?? address}`
      writeFileSync(`${controlFile}.new`, `${JSON.stringify({ url, token, pid: process.pid })}\n`, { mode: 0o600 })
      renameSync(`${controlFile}.new`, controlFile)
      return { type: 'open', url, token }
    },
    stop: async () => {
      if (control) rmSync(controlFile, { force: true })
      await Promise.all([node.stop(), control?.close()])
      http.close()
    },
  }
}
