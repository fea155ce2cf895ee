// One process per data directory, across containers that share a volume and machines that share a disk.
//
// `moonwalk.lock` says who holds it: a symbolic link whose target is the owner's text (lock-owner.ts). Making one is atomic on
// every file system that has links, needs no room on a full disk, and never shows half of itself. The owner lives as long as it
// accepts connections at its socket (lock-socket.ts); where sockets can't tell, as long as it changes `moonwalk.pid` every few
// seconds. `moonwalk.pid` is otherwise for people: the pid.
//
// A dead owner's lock is never removed, since another process might have put its own there meanwhile. Whoever finds it makes
// `moonwalk.lock.KEY`, KEY being the dead one's, which only one can; a claimant that dies leaves a claim that is claimed in turn.
// If the lock is then still the dead one's, it is replaced by rename.
import { readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { errorText, makeDir } from './durable-file.ts'
import { make, remove, textAt } from './lock-file.ts'
import { type Fate, fateOf, isShared, newKey, type Owner, ownerIn, ownerName, ownerText, ownOwner } from './lock-owner.ts'
import { knockIn, listenIn, socketName } from './lock-socket.ts'
import { overwriteSync } from './private-file.ts'

export type LockAnswer =
  | { readonly type: 'locked'; release(): void }
  /** `pid` is 0 where the directory can't be used at all. */
  | { readonly type: 'refused'; readonly pid: number; readonly text: string }

export interface LockOptions {
  /** Told before the one long wait there is, for the beats of an owner that may be on another machine. */
  readonly onWait?: (text: string) => void
  /** Another process took the directory: this one was held for dead, as after a long sleep. Only where sockets can't tell. */
  readonly onLost?: () => void
  readonly world?: LockWorld
}

/** What a test may stand in for. */
export interface LockWorld {
  /** Whether processes on other kernels may use the directory. */
  isShared(dir: string, self: Owner): boolean
  pause(ms: number): Promise<void>
  /** Runs it again and again, until what is answered is called. */
  every(ms: number, run: () => void): () => void
}

const REAL_WORLD: LockWorld = {
  isShared,
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  every: (ms, run) => {
    const timer = setInterval(run, ms).unref()
    return () => clearInterval(timer)
  },
}

const BEAT_MS = 4_000
/** Three beats and a little. */
const WATCH_MS = 13_000
const LOOK_MS = 500
const ATTEMPTS = 20

const HALF_WRITTEN_MS = 50

const LOCK = 'moonwalk.lock'
const PID_FILE = 'moonwalk.pid'

/** Makes the directory if it is missing. */
export async function lockDataDir(dir: string, options: LockOptions = {}): Promise<LockAnswer> {
  try {
    makeDir(dir)
    const key = newKey()
    const server = await listenIn(dir, key)
    const own = ownOwner(server !== null, key)
    const answer = await take(dir, own, options)
    if (answer.type === 'refused') {
      server?.close()
      remove(join(dir, socketName(key)))
      return answer
    }
    tidy(dir, own)
    const endBeats = keepAlive(dir, own, options)
    return {
      type: 'locked',
      release: () => {
        endBeats()
        // The lock goes first: while the socket is there nobody takes it over.
        if (textAt(join(dir, LOCK)) === ownerText(own)) for (const file of [LOCK, PID_FILE]) remove(join(dir, file))
        remove(join(dir, socketName(key)))
        server?.close()
      },
    }
  } catch (error) {
    return refused(0, `can't use ${dir} (${errorText(error)}); choose another directory with --data`)
  }
}

const refused = (pid: number, text: string): LockAnswer => ({ type: 'refused', pid, text })

async function take(
  dir: string,
  own: Owner,
  { onWait = () => {}, world = REAL_WORLD }: LockOptions,
): Promise<{ readonly type: 'locked' } | Extract<LockAnswer, { type: 'refused' }>> {
  const lock = join(dir, LOCK)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = textAt(lock)
    if (found === null) {
      if (make(lock, own)) return { type: 'locked' }
      continue
    }
    const last = lastClaimant(dir, found)
    const owner = ownerIn(last)
    // A lock that is a file may be seen half written.
    if (!owner && attempt === 0) {
      await world.pause(HALF_WRITTEN_MS)
      continue
    }
    if (owner && (await isAlive(dir, owner, own, { onWait, world })))
      return {
        type: 'refused',
        pid: owner.pid,
        text: `another moonwalk (${ownerName(owner, own)}) already uses ${dir}; stop it, or choose another directory with --data`,
      }
    const claim = join(dir, claimOf(last))
    if (!make(claim, own)) continue
    // Whoever was faster has replaced the lock before the claims were removed.
    if (textAt(lock) !== found) {
      remove(claim)
      continue
    }
    const next = `${lock}.${own.key}.new`
    make(next, own)
    renameSync(next, lock)
    return { type: 'locked' }
  }
  return { type: 'refused', pid: 0, text: `${lock} could not be taken; another moonwalk may be starting there` }
}

const claimOf = (text: string): string => `${LOCK}.${ownerIn(text)?.key ?? 'unknown'}`

/** Who claimed the lock of a dead owner, and that one's if it died too, and so on. */
function lastClaimant(dir: string, found: string): string {
  let last = found
  for (const met = new Set<string>(); !met.has(last); ) {
    met.add(last)
    last = textAt(join(dir, claimOf(last))) ?? last
  }
  return last
}

async function isAlive(
  dir: string,
  owner: Owner,
  self: Owner,
  { onWait, world }: Required<Pick<LockOptions, 'onWait' | 'world'>>,
): Promise<boolean> {
  const knock = owner.listens ? await knockIn(dir, owner.key) : null
  const fate: Fate = fateOf(owner, self, knock, world.isShared(dir, self))
  if (fate !== 'unsure') return fate === 'alive'
  onWait(`waiting ${WATCH_MS / 1_000} s to see whether another moonwalk (${ownerName(owner, self)}) still uses ${dir}`)
  const before = textAt(join(dir, PID_FILE))
  for (let waited = 0; waited < WATCH_MS; waited += LOOK_MS) {
    await world.pause(LOOK_MS)
    if (textAt(join(dir, PID_FILE)) !== before) return true
  }
  return false
}

/** What those before left behind. */
function tidy(dir: string, own: Owner): void {
  for (const name of readdirSync(dir)) {
    const isOthers = /^moonwalk-[0-9a-f]{8}\.sock$/.test(name) && name !== socketName(own.key)
    if (isOthers || name.startsWith(`${LOCK}.`)) remove(join(dir, name))
  }
}

/** Writes the pid, again and again where that is what proves this owner's life. */
function keepAlive(dir: string, own: Owner, { onLost = () => {}, world = REAL_WORLD }: LockOptions): () => void {
  const file = join(dir, PID_FILE)
  let beats = 0
  const write = (): void => {
    try {
      overwriteSync(file, beats === 0 ? `${own.pid}\n` : `${own.pid}\nbeat ${beats} of ${own.key}\n`)
    } catch {
      // On a full disk the pid is not told.
    }
  }
  write()
  if (own.listens && !world.isShared(dir, own)) return () => {}
  const stop = world.every(BEAT_MS, () => {
    if (textAt(join(dir, LOCK)) === ownerText(own)) {
      beats++
      write()
      return
    }
    stop()
    onLost()
  })
  return stop
}
