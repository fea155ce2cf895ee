// What commonly goes wrong with a node, each as one finding with what to do about it. Rules only: the facts are collected by the node
// (actors/front/checkup.ts) and, of files and ports, by the command (cli/doctor).
import { type SeedFault, seedFix } from './seed-fault.ts'

export interface Check {
  /** What was looked at, one or two words. */
  readonly name: string
  readonly level: 'ok' | 'warn' | 'error'
  /** A clause. */
  readonly text: string
  /** What to do, a sentence; null where nothing has to be done. */
  readonly fix: string | null
}

const ok = (name: string, text: string): Check => ({ name, level: 'ok', text, fix: null })
const bad = (level: 'warn' | 'error', name: string, text: string, fix: string): Check => ({ name, level, text, fix })

export interface ReachFacts {
  readonly listens: boolean
  readonly reachability: 'public' | 'tunnelled' | 'unknown'
  readonly address: string | null
  /** Peers that answer. */
  readonly peers: number
  /** How it is behind NAT, as netcheck says it. */
  readonly nat: string
}

export function reachCheck({ listens, reachability, address, peers, nat }: ReachFacts): Check {
  if (reachability === 'public') return ok('reachable', `others connect to ${address ?? '?'} directly`)
  if (reachability === 'tunnelled') return ok('reachable', `through its TURN at ${address ?? '?'} (${nat})`)
  if (peers === 0)
    return bad('warn', 'reachable', 'not known: no other node answers', 'Start another one with --join, or see the known addresses below.')
  return bad(
    'error',
    'reachable',
    `no address of this node is proven (${nat})`,
    listens
      ? 'Pass the port on in the router and open it in the firewall, or have a node with a public address in the network that is its TURN.'
      : 'Have a node with a public address in the network that is its TURN, or listen with --listen.',
  )
}

export const seedCheck = (
  seed: { readonly address: string; readonly isHere: boolean; readonly fault: SeedFault | null },
  peers: number,
): Check =>
  seed.isHere
    ? ok('known address', `${seed.address} answers`)
    : seed.fault === null
      ? ok('known address', `${seed.address} is being asked, or is this node`)
      : bad(peers > 0 ? 'warn' : 'error', 'known address', `${seed.address}: ${seed.fault.why}`, seedFix(seed.fault))

/** From which difference a clock is wrong: below, the second that a peer's answer is rounded to and the path count too. */
const CLOCK_OFF_MS = 5_000

/**
 * `offsetsMs`: by how much each peer's clock is ahead of this machine's.
 * Half of them have to agree, so one wrong clock blames nobody.
 */
export function clockCheck(offsetsMs: readonly number[]): Check {
  if (offsetsMs.length === 0) return ok('clock', 'no peer to compare it with')
  const sorted = [...offsetsMs].sort((a, b) => a - b)
  const middleMs = sorted[Math.floor(sorted.length / 2)] ?? 0
  if (Math.abs(middleMs) < CLOCK_OFF_MS) return ok('clock', `agrees with ${sorted.length === 1 ? 'a peer' : `${sorted.length} peers`}`)
  const seconds = Math.round(Math.abs(middleMs) / 1_000)
  return bad(
    'warn',
    'clock',
    `${seconds} s ${middleMs > 0 ? 'behind' : 'ahead of'} that of ${sorted.length === 1 ? 'the only peer asked' : `most of ${sorted.length} peers`}`,
    'Set it, and keep it set: `timedatectl set-ntp true`.',
  )
}

export function diskCheck(dir: string, freeBytes: number | null, writeError: string | null): Check {
  if (writeError !== null)
    return bad(
      'error',
      'disk',
      `${dir} can't be written (${writeError})`,
      'See to its rights and its owner, or name another directory with --data.',
    )
  if (freeBytes === null) return ok('disk', `${dir} can be written`)
  const mebibytes = Math.floor(freeBytes / 1024 ** 2)
  if (mebibytes < 16)
    return bad(
      'error',
      'disk',
      `${mebibytes} MiB are free below ${dir}`,
      'Make room: the table, the log and the history are written there.',
    )
  if (mebibytes < 256) return bad('warn', 'disk', `${mebibytes} MiB are free below ${dir}`, 'Make room soon.')
  return ok('disk', `${dir} can be written; ${mebibytes >= 4_096 ? `${Math.floor(mebibytes / 1024)} GiB` : `${mebibytes} MiB`} are free`)
}

export interface FileRights {
  readonly path: string
  readonly isDirectory: boolean
  /** The last nine bits. */
  readonly mode: number
  /** Belongs to the user who asks, or to the one who owns the data directory. */
  readonly isOwn: boolean
}

/** Secrets are for their owner alone. */
export function rightsCheck(files: readonly FileRights[]): Check {
  const open = files.filter(({ mode, isDirectory }) => (mode & (isDirectory ? 0o022 : 0o077)) !== 0)
  const foreign = files.filter(({ isOwn }) => !isOwn)
  if (open.length > 0)
    return bad(
      'error',
      'rights',
      `others may ${open.some(({ isDirectory }) => isDirectory) ? 'write in' : 'read'} ${open.map(({ path, mode }) => `${path} (${mode.toString(8)})`).join(', ')}`,
      `chmod ${open.some(({ isDirectory }) => isDirectory) ? '700 the directory, 600 the files' : '600'}: ${open.map(({ path }) => path).join(' ')}`,
    )
  if (foreign.length > 0)
    return bad(
      'error',
      'rights',
      `${foreign.map(({ path }) => path).join(', ')}: of another user`,
      'Run the node as that user, or chown them.',
    )
  return ok('rights', files.length === 0 ? 'no secrets are there yet' : `${files.length} secret files are for their owner alone`)
}

/** A port that the node wants and another process has. `owner`: `nginx (pid 812)`; null where the system does not tell. */
export function portCheck(
  what: 'public port' | 'control port',
  address: string,
  state: 'free' | 'taken' | string,
  owner: string | null,
): Check {
  const flag = what === 'public port' ? '--listen' : '--control'
  if (state === 'free') return ok(what, `${address} is free`)
  if (state === 'taken')
    return bad('error', what, `${address} is taken by ${owner ?? 'another process'}`, `End that one, or choose another port with ${flag}.`)
  return bad('error', what, `${address} can't be opened (${state})`, `Choose another with ${flag}, or give the node the rights it needs.`)
}

/** Findings that the node keeps for `status`, as checks. */
export const healthCheck = ({
  level,
  text,
  fix,
}: {
  readonly level: 'info' | 'warn' | 'error'
  readonly text: string
  readonly fix: string
}): Check => (level === 'info' ? ok('note', `${text}. ${fix}`) : bad(level, 'health', text, fix))

const LEVELS: readonly Check['level'][] = ['error', 'warn', 'ok']

/** Worst first. */
export const byLevel = (checks: readonly Check[]): readonly Check[] =>
  [...checks].sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level))
