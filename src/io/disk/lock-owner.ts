// Who holds a data directory, as its lock says it, and whether that one still lives.
import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync, statfsSync } from 'node:fs'
import { pid, platform } from 'node:process'

/** Written `PID.START.BOOT.NAMESPACE.KEY.KIND`: below 60 bytes, which file systems keep in a link without a block of its own. */
export interface Owner {
  /** As its own container counts. */
  readonly pid: number
  /** When that process started, in clock ticks since boot (field 22 of Linux's `stat`); empty where the system does not tell. */
  readonly start: string
  /** Of the kernel it runs on, new with every boot; empty where the system does not tell. */
  readonly boot: string
  /** Within which its pid counts; empty where the system does not tell. */
  readonly namespace: string
  /** Of this run alone. */
  readonly key: string
  /** Whether it listens on the socket of that key. Whoever does not proves its life by beats. */
  readonly listens: boolean
}

export const ownOwner = (listens: boolean, key: string): Owner => ({
  pid,
  start: startOf(pid),
  boot: orEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').replaceAll('-', '').slice(0, 8)),
  namespace: orEmpty(() => /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? ''),
  key,
  listens,
})

export const newKey = (): string => randomBytes(4).toString('hex')

export const ownerText = ({ pid, start, boot, namespace, key, listens }: Owner): string =>
  [pid, start, boot, namespace, key, listens ? 's' : 'b'].join('.')

/** Null for a text that no moonwalk wrote, or wrote in half. */
export function ownerIn(text: string): Owner | null {
  const [, pid, start, boot, namespace, key, kind] =
    /^(\d{1,10})\.(\d*)\.([0-9a-f]*)\.(\d*)\.([0-9a-f]{8})\.([sb])$/.exec(text.trim()) ?? []
  if (!pid || start === undefined || boot === undefined || namespace === undefined || !key) return null
  return { pid: Number(pid), start, boot, namespace, key, listens: kind === 's' }
}

/** `unsure`: only its beats can tell. */
export type Fate = 'alive' | 'dead' | 'unsure'

/**
 * What can be told at once. `knock`: whether somebody accepted a connection at its socket; null where that could not be tried.
 * `shared`: other kernels may use the directory, so that silence here proves nothing.
 */
export function fateOf(owner: Owner, self: Owner, knock: boolean | null, shared: boolean): Fate {
  if (knock === true) return 'alive'
  const unheard: Fate = shared ? 'unsure' : 'dead'
  // A boot before this one, or another machine's.
  if (owner.boot !== self.boot) return unheard
  const silent: Fate = owner.boot === '' ? unheard : 'dead'
  if (owner.namespace !== self.namespace) {
    // In another container on this kernel: only the socket reaches there.
    if (knock === false) return silent
    return owner.listens ? 'alive' : 'unsure'
  }
  // Without its start a pid may be a stranger's by now; the socket is not.
  if (owner.start === '' && knock === false) return silent
  return runs(owner) ? 'alive' : silent
}

/** What to call it in a sentence. */
export function ownerName({ pid, boot, namespace }: Owner, self: Owner): string {
  if (boot !== self.boot) return `pid ${pid} on another machine`
  return namespace === self.namespace ? `pid ${pid}` : `pid ${pid} of another container`
}

/**
 * File systems that several machines may use at once, by the number `statfs(2)` of Linux has
 * for them: NFS, SMB, CIFS, AFS, Ceph, 9P, FUSE, GFS2, OCFS2.
 */
const SHARED = [0x6969, 0xfe534d42, 0xff534d42, 0x5346414f, 0x00c36400, 0x01021997, 0x65735546, 0x01161970, 0x7461636f]

/** Whether processes on other kernels may use the directory, be they other machines' or those of a sandbox. */
export function isShared(dir: string, { boot }: Owner): boolean {
  if (platform === 'linux' && boot === '') return true
  try {
    return SHARED.includes(statfsSync(dir).type)
  } catch {
    return false
  }
}

/** A stranger who was given the same pid since started later. */
function runs({ pid, start }: Owner): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  return start === '' || start === startOf(pid)
}

function startOf(pid: number): string {
  if (platform !== 'linux') return ''
  return orEmpty(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  })
}

function orEmpty(read: () => string): string {
  try {
    return read().trim()
  } catch {
    return ''
  }
}
