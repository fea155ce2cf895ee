// What can be told while no node runs: the settings, the ports that it would open, and the addresses that it would start from.
import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import type { Config } from '../../config/config.ts'
import { isLiteral, parseAddress } from '../../domain/address.ts'
import { type Check, portCheck, seedCheck } from '../../domain/checkup.ts'
import type { SeedFault } from '../../domain/seed-fault.ts'
import { portOwner } from './port-owner.ts'

const DIAL_MS = 2_000
/** Addresses of invitations that are tried beside those of the settings. */
const MOST_SEEDS = 16

export async function stoppedChecks({ dataDir, node, control, opensControl }: Config): Promise<readonly Check[]> {
  const seeds = [...new Set([...node.seeds, ...invitedSeeds(dataDir)])].slice(0, MOST_SEEDS)
  const [listen, page, ...known] = await Promise.all([
    node.listen === null ? null : port('public port', node.listen),
    opensControl ? port('control port', control) : null,
    ...seeds.map(async (address) => seedCheck({ address, ...(await dialled(address)) }, 0)),
  ])
  return [listen ?? [], page ?? [], known.flatMap((check) => check ?? [])].flat()
}

async function port(what: 'public port' | 'control port', address: string): Promise<Check> {
  // Port 0 is one to listen on, and none to connect to.
  const [, v6, name, digits] = /^(?:\[(.*)\]|(.*)):(\d+)$/.exec(address) ?? []
  const at = { host: v6 ?? name ?? '', port: Number(digits ?? 0) }
  const state = await new Promise<string>((settle) => {
    const server = createServer()
    server.once('error', (error: Error & { readonly code?: string }) =>
      settle(error.code === 'EADDRINUSE' ? 'taken' : (error.code ?? error.message)),
    )
    server.listen(at.port, at.host, () => server.close(() => settle('free')))
  })
  return portCheck(what, address, state, state === 'taken' ? portOwner(at.port) : null)
}

/** Only whether somebody listens there: who it is says a node alone. */
async function dialled(address: string): Promise<{ readonly isHere: boolean; readonly fault: SeedFault | null }> {
  const at = parseAddress(address)
  if (at === null) return { isHere: false, fault: { reason: 'unreachable', why: 'it is no HOST:PORT' } }
  if (!isLiteral(at.host) && !(await isKnown(at.host)))
    return { isHere: false, fault: { reason: 'unreachable', why: 'its name is not known' } }
  const fault = await new Promise<SeedFault | null>((settle) => {
    const socket = connect({ host: at.host, port: at.port, timeout: DIAL_MS })
    const end = (found: SeedFault | null): void => {
      settle(found)
      socket.destroy()
    }
    socket.once('connect', () => end(null))
    socket.once('timeout', () => end({ reason: 'timeout', why: 'it did not answer in time' }))
    socket.once('error', (error: Error & { readonly code?: string }) =>
      end(
        error.code === 'ECONNREFUSED'
          ? { reason: 'refused', why: 'connection refused' }
          : { reason: 'unreachable', why: error.code ?? error.message },
      ),
    )
  })
  return { isHere: fault === null, fault }
}

const isKnown = (host: string): Promise<boolean> =>
  lookup(host).then(
    () => true,
    () => false,
  )

/** Of the invitations that were given before. */
function invitedSeeds(dir: string): readonly string[] {
  try {
    const kept: unknown = JSON.parse(readFileSync(join(dir, 'network.json'), 'utf8'))
    const seeds = typeof kept === 'object' && kept !== null && 'seeds' in kept && Array.isArray(kept.seeds) ? kept.seeds : []
    return seeds.flatMap((seed: unknown) =>
      typeof seed === 'object' && seed !== null && 'address' in seed && typeof seed.address === 'string' ? [seed.address] : [],
    )
  } catch {
    return []
  }
}
