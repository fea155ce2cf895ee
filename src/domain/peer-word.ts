// How people name a node: by its id, the beginning of one, its address, or its name in any case.
import { parseAddress } from './address.ts'
import type { PeerRecord } from './record.ts'

const ID = /^[0-9a-f]{32}$/i
const SHORTEST_ID_START = 6

/**
 * Whether a word may be somebody's name. A node calls itself what it likes: where the one with an id or an address is not there, nobody
 * else is found by it.
 */
export const canBeName = (word: string): boolean => !ID.test(word) && !word.startsWith('frp://') && parseAddress(word) === null

export const isNamed = (name: string, word: string): boolean => canBeName(word) && name.toLowerCase() === word.toLowerCase()

/** Whether it is the beginning of an id, or all of it. */
export const beginsId = (word: string, id: string | null): boolean =>
  word.length >= SHORTEST_ID_START && id !== null && id.startsWith(word.toLowerCase())

/** Whether a word means that node, as far as one alone can tell. `key`: of its row, or of a stock frps. */
export const isMeant = (
  word: string,
  { key, id, name, address }: Pick<PeerRecord, 'id' | 'name' | 'address'> & { readonly key: string },
): boolean => key === word || address === word || beginsId(word, id) || isNamed(name, word)
