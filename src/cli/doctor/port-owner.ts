// Which process has a TCP port, as Linux's /proc tells. Of other users' processes the name alone is known, or nothing.
import { readFileSync, readlinkSync } from 'node:fs'
import { namesIn, orEmpty } from '../proc-files.ts'

/** `nginx (pid 812)`; null where the system does not tell. `proc`: where /proc is. */
export function portOwner(port: number, proc = '/proc'): string | null {
  const inodes = new Set(
    ['tcp', 'tcp6'].flatMap((table) =>
      listeningInodes(
        orEmpty(() => readFileSync(`${proc}/net/${table}`, 'utf8')),
        port,
      ),
    ),
  )
  if (inodes.size === 0) return null
  for (const pid of namesIn(proc).filter((name) => /^\d+$/.test(name)))
    if (namesIn(`${proc}/${pid}/fd`).some((fd) => inodes.has(socketInode(orEmpty(() => readlinkSync(`${proc}/${pid}/fd/${fd}`))))))
      return `${orEmpty(() => readFileSync(`${proc}/${pid}/comm`, 'utf8')).trim() || 'a process'} (pid ${pid})`
  return null
}

const LISTENING = '0A'

/** A line: `sl local_address rem_address st … inode`, with hexadecimal ports (proc(5)). */
export const listeningInodes = (table: string, port: number): readonly string[] =>
  table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    const [local = '', state, inode] = [fields[1], fields[3], fields[9]]
    return state === LISTENING && Number.parseInt(local.split(':')[1] ?? '', 16) === port && inode ? [inode] : []
  })

const socketInode = (link: string): string => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? ''
