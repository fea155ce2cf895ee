// What a data directory tells of itself, whether its node runs or not.
import { closeSync, lstatSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type Check, diskCheck, type FileRights, rightsCheck } from '../../domain/checkup.ts'

const SECRETS = [
  'identity.json',
  'network.json',
  'control.json',
  'control-token',
  'metrics-token',
  'turn-token',
  'operator.json',
  'leases.json',
]

/** Rights, and whether the disk takes what is written: one byte is, and removed again. */
export function fileChecks(dir: string): readonly Check[] {
  const owner = lstatSync(dir, { throwIfNoEntry: false })
  if (owner === undefined)
    return [{ name: 'data directory', level: 'ok', text: `${dir} is not there yet: the first \`moonwalk up\` makes it`, fix: null }]
  if (!owner.isDirectory()) return [diskCheck(dir, null, 'it is no directory')]
  const rights = ['', ...SECRETS].flatMap((name) => rightsOf(name === '' ? dir : join(dir, name), owner.uid))
  return [rightsCheck(rights), diskCheck(dir, freeBytes(dir), writeError(dir))]
}

/** A link has no rights of its own. */
function rightsOf(path: string, uid: number): readonly FileRights[] {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined || found.isSymbolicLink()) return []
  return [{ path, isDirectory: found.isDirectory(), mode: found.mode & 0o777, isOwn: found.uid === uid }]
}

function freeBytes(dir: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(dir)
    return bavail * bsize
  } catch {
    return null
  }
}

function writeError(dir: string): string | null {
  const file = join(dir, `.doctor-${process.pid}`)
  try {
    const opened = openSync(file, 'wx', 0o600)
    try {
      writeSync(opened, '.')
    } finally {
      closeSync(opened)
    }
    return null
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  } finally {
    rmSync(file, { force: true })
  }
}
