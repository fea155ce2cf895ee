// The budget of file descriptors. Sockets are counted before they are opened, so that what strangers take never goes so far that
// the control port, the disk, or a member of the network finds none left.
import { readFileSync } from 'node:fs'
import type { StoreNote } from '../../ports.ts'

/**
 * What a socket is for. `port`: a port for a client of this node's TURN; `carried`: a connection on one; `caller`: one on the
 * public port; `dial`: one that this node makes for a service; `own`: with a peer that this node asks, or with a member.
 */
export type SocketUse = 'port' | 'carried' | 'caller' | 'dial' | 'own'

export interface Descriptors {
  /** The most that the process may have open. */
  readonly limit: number
  /**
   * Counts one more socket, until `give`. False: there are none left for that. `openHere`: connections on the same port. Once few
   * are left a port with many gets no more while others do, so that only the flooded service feels a flood.
   */
  take(use: SocketUse, openHere?: number): boolean
  /** Counts one that takes the place of another, or is open already. */
  count(): void
  give(): void
  /** More are open than there are for that. */
  isOver(use: SocketUse): boolean
  /** What a person should know: that one was refused in the last minute. */
  note(): StoreNote | null
}

/** Open beside sockets: the program, its files, its timers. */
const BASE = 32
/** Of what is left, this part may be open when one more is opened for that. The rest is for the control port and the disk. */
const SHARES: Readonly<Record<SocketUse, number>> = { port: 0.5, carried: 0.65, caller: 0.8, dial: 0.8, own: 0.9 }
/** Between what ports may take and what connections on them may, one port may have this part of it. */
const CROWDED_SHARE = 0.25
const TOLD_FOR_MS = 60_000

/** `now`: monotonic milliseconds. */
export function createDescriptors(limit: number, now: () => number = () => performance.now()): Descriptors {
  const most = (use: SocketUse): number => Math.floor(Math.max(8, limit - BASE) * SHARES[use])
  let open = 0
  let refused: { readonly use: SocketUse; readonly atMs: number } | null = null
  const mayHave = (use: SocketUse, openHere: number): boolean => {
    if (open >= most(use)) return false
    return use !== 'carried' || open < most('port') || openHere < (most('carried') - most('port')) * CROWDED_SHARE
  }
  return {
    limit,
    take: (use, openHere = 0) => {
      const may = mayHave(use, openHere)
      if (may) open++
      else refused = { use, atMs: now() }
      return may
    },
    count: () => {
      open++
    },
    give: () => {
      open--
    },
    isOver: (use) => open > most(use),
    note: () => {
      if (refused === null || now() - refused.atMs > TOLD_FOR_MS) return null
      return {
        text: `this machine's limit of open files for the node (${limit}) is nearly reached: ${REFUSED[refused.use]} were refused in the last minute`,
        fix: 'Raise it before the node starts: `ulimit -n 65536`, or LimitNOFILE=65536 in its systemd unit.',
      }
    },
  }
}

const REFUSED: Readonly<Record<SocketUse, string>> = {
  port: 'ports for clients',
  carried: 'connections to the services of clients',
  caller: 'connections to the public port',
  dial: 'connections for services',
  own: 'connections with peers',
}

const DEFAULT_LIMIT = 1_024
/** Where the system sets none. */
const UNLIMITED = 1_000_000

/** The soft limit on open files; 1,024 where the system does not tell it. */
export function descriptorLimit(): number {
  const found = /^Max open files +(\d+|unlimited)/m.exec(readOrEmpty('/proc/self/limits'))?.[1] ?? reportedLimit()
  if (found === 'unlimited') return UNLIMITED
  const limit = Number(found)
  return Number.isInteger(limit) && limit > 0 ? limit : DEFAULT_LIMIT
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Where there is no /proc. */
function reportedLimit(): unknown {
  const report: unknown = process.report?.getReport()
  if (typeof report !== 'object' || report === null || !('userLimits' in report)) return null
  const limits = report.userLimits
  if (typeof limits !== 'object' || limits === null || !('open_files' in limits)) return null
  const files = limits.open_files
  return typeof files === 'object' && files !== null && 'soft' in files ? files.soft : null
}

let own: Descriptors | null = null

/** Those of this process, which all its nodes share. */
export function processDescriptors(): Descriptors {
  own ??= createDescriptors(descriptorLimit())
  return own
}
