// What this node's TURN keeps for its clients, in `DIR/leases.json`:
//
//   { "leases": [{ "kind": "tcp", "what": "21734", "owner": "member ID", "proxy": "web", "away since": ISO }] }
//
// It is the node's own: an entry that does not fit is left out, and a file that can't be read counts as empty, since what it held
// lapses within a day anyway.
import { readFile } from 'node:fs/promises'
import { isShallow, MAX_FILE_DEPTH } from '../../domain/json-depth.ts'
import type { Store, StoredLease } from '../../ports.ts'
import { errorText, writeDurably } from './durable-file.ts'

const KINDS: readonly StoredLease['kind'][] = ['tcp', 'udp', 'name', 'domain', 'run id']
/** As many as a TURN keeps of all kinds. */
const MAX_LEASES = 40_960
const MAX_CHARS = 1_024

/** Writes are done one after another. */
export function createLeaseStore(file: string): Pick<Store, 'readLeases' | 'writeLeases'> {
  let last: Promise<unknown> = Promise.resolve()
  const write = async (leases: readonly StoredLease[]): ReturnType<Store['writeLeases']> => {
    try {
      await writeDurably(file, `${JSON.stringify({ leases: leases.map(written) }, null, 1)}\n`)
      return null
    } catch (error) {
      return {
        type: 'failed',
        text: `what this TURN keeps for its clients can't be written to ${file} (${errorText(error)})`,
        fix: 'Make room on the disk, or see to the rights of that file: after a restart others could get the ports of clients.',
      }
    }
  }
  return {
    readLeases: async () => {
      const text = await readFile(file, 'utf8').catch(() => '')
      return text === '' ? [] : leasesIn(text)
    },
    writeLeases: (leases) => {
      const done = last.then(() => write(leases))
      last = done
      return done
    },
  }
}

const written = ({ kind, what, owner, proxy, awaySinceMs }: StoredLease) => ({
  kind,
  what,
  owner,
  ...(proxy === '' ? {} : { proxy }),
  'away since': new Date(awaySinceMs).toISOString(),
})

function leasesIn(text: string): readonly StoredLease[] {
  try {
    const content: unknown = isShallow(text, MAX_FILE_DEPTH) ? JSON.parse(text) : null
    const list = typeof content === 'object' && content !== null && 'leases' in content ? content.leases : []
    return Array.isArray(list) ? list.slice(0, MAX_LEASES).flatMap(leaseIn) : []
  } catch {
    return []
  }
}

function leaseIn(raw: unknown): readonly StoredLease[] {
  if (typeof raw !== 'object' || raw === null) return []
  const fields = new Map<string, unknown>(Object.entries(raw))
  const text = (key: string): string | null => {
    const value = fields.get(key) ?? ''
    return typeof value === 'string' && value.length <= MAX_CHARS ? value : null
  }
  const kind = KINDS.find((one) => one === fields.get('kind'))
  const [what, owner, proxy] = [text('what'), text('owner'), text('proxy')]
  const awaySinceMs = Date.parse(text('away since') ?? '')
  if (kind === undefined || !what || !owner || proxy === null || Number.isNaN(awaySinceMs)) return []
  return (kind === 'tcp' || kind === 'udp') && !isPort(what) ? [] : [{ kind, what, owner, proxy, awaySinceMs }]
}

const isPort = (text: string): boolean => /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535
