// How a new word is pushed on: at once to a few, and again later to others, so that hardly anybody is missed by all.
import { GOSSIP_FANOUT, GOSSIP_FANOUT_AGAIN } from './timings.ts'

/** Who is told by nobody where everybody tells `k` others is one in e^k: so many more than ln N leave a twentieth of a node. */
const MORE_THAN_LOG = 3

/**
 * While a large table is being learnt each push says more, and costs the same, the longer words gather: so many times as far apart are
 * rounds of pushes then, in a table of so many rows.
 */
export const gatherFactor = (rows: number): number => Math.min(MOST_GATHERED, Math.max(1, rows / GATHERED_FROM))

const GATHERED_FROM = 200
const MOST_GATHERED = 4

/** How often a node pushes a word on that is new to it, among so many peers. Once where the first push tells them all. */
export function pushesFor(peers: number): number {
  if (peers <= GOSSIP_FANOUT) return 1
  return 1 + Math.ceil(Math.max(0, Math.log(peers + 1) + MORE_THAN_LOG - GOSSIP_FANOUT) / GOSSIP_FANOUT_AGAIN)
}
