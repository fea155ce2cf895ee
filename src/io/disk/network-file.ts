// Which network the node of a data directory is in: `DIR/network.json`, for its owner alone.
//
//   { "kind": "open" }
//   { "kind": "private",
//     "secrets": ["<32 bytes in base64url>"],      the first is proven with; at most 3
//     "added": "<one of them>",                    where one was added and is not proven with yet
//     "seeds": [{ "id": "<32 hex digits>", "address": "203.0.113.7:8088" }] }      of the invitations
import { chmodSync, existsSync, lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { addressOf, parseAddress } from '../../domain/address.ts'
import { type Keyring, MAX_SECRETS } from '../../domain/secret-rotation.ts'
import { codeOf } from '../network/network-failure.ts'
import { errorText, writeDurably } from './durable-file.ts'

export interface NetworkSeed {
  readonly id: string
  /** Canonical `host:port`. */
  readonly address: string
}

export type KeptNetwork =
  | { readonly type: 'open' }
  | { readonly type: 'private'; readonly keyring: Keyring; readonly seeds: readonly NetworkSeed[] }

export type FoundNetwork =
  | KeptNetwork
  | { readonly type: 'none' }
  /** A node that knew open networks only left the directory. `isTableAlone`: or a person put a table there, and no node was. */
  | { readonly type: 'older'; readonly isTableAlone: boolean }
  /** The file can't be read: one sentence. */
  | { readonly type: 'refused'; readonly text: string }

const fileIn = (dir: string): string => join(dir, 'network.json')

export function readNetwork(dir: string): FoundNetwork {
  const file = fileIn(dir)
  try {
    const network = networkIn(readFileSync(file, 'utf8'))
    if (!network) return refused(`${file} holds no network that can be read; restore it, or move it away to choose a network anew`)
    closeToOthers(file)
    return network
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') return refused(`the node's network can't be read from ${file} (${errorText(error)})`)
    if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink())
      return refused(`${file} is a link to a file that is not there; mount its disk or restore it: it says which network the node is in`)
    if (existsSync(join(dir, 'identity.json'))) return { type: 'older', isTableAlone: false }
    return existsSync(join(dir, 'ip_table.json')) ? { type: 'older', isTableAlone: true } : { type: 'none' }
  }
}

function closeToOthers(file: string): void {
  try {
    chmodSync(file, 0o600)
  } catch {
    // A file system that can only be read, or another user's file: it is as closed as its owner made it.
  }
}

/** Makes the directory if it is missing. A file that can't be read is left as it is. */
export async function writeNetwork(dir: string, network: KeptNetwork): Promise<{ readonly type: 'refused'; readonly text: string } | null> {
  const found = readNetwork(dir)
  if (found.type === 'refused') return found
  try {
    await writeDurably(fileIn(dir), `${JSON.stringify(contentOf(network), null, 2)}\n`)
    return null
  } catch (error) {
    return refused(`the node's network can't be kept in ${fileIn(dir)} (${errorText(error)})`)
  }
}

const refused = (text: string): { readonly type: 'refused'; readonly text: string } => ({ type: 'refused', text })

function contentOf(network: KeptNetwork): object {
  if (network.type === 'open') return { kind: 'open' }
  const { secrets, added } = network.keyring
  return { kind: 'private', secrets, ...(added === null ? {} : { added }), seeds: network.seeds }
}

function networkIn(text: string): KeptNetwork | null {
  const content = objectIn(text)
  if (content?.kind === 'open') return { type: 'open' }
  if (content?.kind !== 'private') return null
  const { secrets, added = null, seeds = [] } = content
  if (!isListOf(secrets, isSecret) || secrets.length < 1 || secrets.length > MAX_SECRETS || !isListOf(seeds, isSeed)) return null
  if (added !== null && !secrets.some((secret) => secret === added)) return null
  return { type: 'private', keyring: { secrets, added: secrets.find((secret) => secret === added) ?? null }, seeds }
}

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const content: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    return typeof content === 'object' && content !== null ? { ...content } : null
  } catch {
    return null
  }
}

const isListOf = <T>(list: unknown, fits: (one: unknown) => one is T): list is readonly T[] => Array.isArray(list) && list.every(fits)
const isSecret = (one: unknown): one is string =>
  typeof one === 'string' && one.length === 43 && Buffer.from(one, 'base64url').toString('base64url') === one
const isSeed = (one: unknown): one is NetworkSeed =>
  typeof one === 'object' &&
  one !== null &&
  'id' in one &&
  'address' in one &&
  typeof one.id === 'string' &&
  /^[0-9a-f]{32}$/.test(one.id) &&
  typeof one.address === 'string' &&
  canonical(one.address) === one.address

function canonical(address: string): string | null {
  const at = parseAddress(address)
  return at && addressOf(at.host, at.port)
}
