// The lock's proof of life: a socket in the data directory that its owner listens on. Whoever can open the directory reaches it,
// from every container on the same kernel, and it falls silent with its owner, however that one ends.
import { chmodSync, closeSync, openSync } from 'node:fs'
import { createConnection, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { platform } from 'node:process'
import { codeOf } from '../network/network-failure.ts'

/** Linux takes 107 bytes as a socket's path, others less. */
const MAX_PATH_BYTES = 100
const KNOCK_TIMEOUT_MS = 1_000

export const socketName = (key: string): string => `moonwalk-${key}.sock`

/** Null where there can be no socket: on FAT, on some network file systems, on Windows. */
export async function listenIn(dir: string, key: string): Promise<Server | null> {
  if (platform === 'win32') return null
  const server = createServer((connection) => connection.destroy())
  // A stranger's lock must not keep the process.
  server.unref()
  const listening = await throughShortPath(dir, socketName(key), (path) => {
    return new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(path, () => resolve(true))
    })
  })
  if (!listening) return null
  server.on('error', () => {})
  try {
    chmodSync(join(dir, socketName(key)), 0o600)
  } catch {
    // The directory itself is for its owner alone.
  }
  return server
}

/** Whether somebody listens there; null where that could not be tried. */
export async function knockIn(dir: string, key: string): Promise<boolean | null> {
  const answer = await throughShortPath(dir, socketName(key), (path) => {
    return new Promise<boolean | null>((resolve) => {
      const connection = createConnection(path)
      const timer = setTimeout(() => done(true), KNOCK_TIMEOUT_MS)
      const done = (isThere: boolean | null): void => {
        clearTimeout(timer)
        connection.destroy()
        resolve(isThere)
      }
      connection.once('connect', () => done(true))
      connection.once('error', (error) => done(KNOCKS[codeOf(error)] ?? null))
    })
  })
  return answer ?? null
}

/** EAGAIN: it accepts nothing right now, since it is stopped, but it is there. */
const KNOCKS: Readonly<Record<string, boolean>> = { ECONNREFUSED: false, ENOENT: false, ENOTSOCK: false, EAGAIN: true, ETIMEDOUT: true }

/** A path that is too long for a socket is gone around by way of the open directory. Null where that is not possible. */
async function throughShortPath<T>(dir: string, name: string, use: (path: string) => Promise<T>): Promise<T | null> {
  const path = join(dir, name)
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return use(path)
  if (platform !== 'linux') return null
  let open = -1
  try {
    open = openSync(dir, 'r')
    return await use(`/proc/self/fd/${open}/${name}`)
  } catch {
    return null
  } finally {
    if (open !== -1) closeSync(open)
  }
}
