// Which peers are known to hold words that are on their way, or may be soon: nobody is told what it holds.
import type { Word } from '../../domain/table/key-ranges.ts'
import { RecentMap } from './recent-map.ts'

export interface WordHolders {
  /** It has told or offered them, or was told them. Words that need no holders any more are left out. */
  add(peer: string, words: readonly Word[]): void
  has(peer: string, word: Word): boolean
  forget(key: string): void
}

const MOST_WORDS = 2_048
/** Peers remembered as holding one word. */
const MOST_HOLDERS = 16

/** `isOver`: the word is held here and told on as often as it has to be, so it counts no more who holds it. */
export function createWordHolders(isOver: (word: Word) => boolean): WordHolders {
  const holders = new RecentMap<string, { readonly seq: number; readonly peers: string[] }>(MOST_WORDS)
  return {
    add: (peer, words) => {
      for (const word of words) {
        if (isOver(word)) continue
        const { key, seq } = word
        const known = holders.get(key)
        if (known === undefined || known.seq < seq) holders.set(key, { seq, peers: [peer] })
        else if (known.seq === seq && known.peers.length < MOST_HOLDERS && !known.peers.includes(peer)) known.peers.push(peer)
      }
    },
    has: (peer, { key, seq }) => {
      const known = holders.get(key)
      return peer === key || (known !== undefined && known.seq >= seq && known.peers.includes(peer))
    },
    forget: (key) => holders.delete(key),
  }
}
