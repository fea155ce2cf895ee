// The tunnels that carry this node, best first.
import type { FeedStatus } from '../src/feed/figures.ts'

/** Ids of the TURNs that stand for it now; one that it leaves does not. */
export const carryingTurns = ({ turn, turns }: Pick<FeedStatus, 'turn' | 'turns'>): readonly string[] =>
  (turns.length > 0 ? turns.filter(({ state }) => state !== 'retiring') : turn ? [turn] : []).flatMap(({ id }) => (id === null ? [] : [id]))
