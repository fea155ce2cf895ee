// Words between nodes: pushes, exchanges, and P2PRC's own exchange.

/** Changes are gathered this long before they are pushed, so that several at one instant become one message. */
export const GOSSIP_GATHER = 15
/** To how many peers a change is pushed at once. */
export const GOSSIP_FANOUT = 4
/**
 * A death is told to so many, once by each who removes the row. Told to 4, one node in e^4 hears of it from nobody, and finds
 * it by its own look only: in a large table that is a minute or more.
 */
export const DEATH_FANOUT = 10
/** It is offered again after this, to so many others, and so on (`pushesFor`). */
export const GOSSIP_PUSH_AGAIN = 300
export const GOSSIP_FANOUT_AGAIN = 3
/** Rounds of pushes a second, while there is always news; fewer in a large table (`gatherFactor`). This node's own word has further ones. */
export const GOSSIP_PUSHES_PER_SECOND = 5
/**
 * This often tables are compared with a random peer, which finds what pushes missed. While nothing
 * differs it becomes rarer, up to `GOSSIP_PERIOD_CALM`.
 */
export const GOSSIP_PERIOD = 2_000
export const GOSSIP_PERIOD_CALM = 8_000
/**
 * A node that has just started compares this often while something differs, and 1.5 times as rarely each time that nothing does. So
 * nodes that start together learn of each other.
 */
export const GOSSIP_PERIOD_FIRST = 100
/** A node that has learnt something from a peer who has more yet asks it again after this. Sooner it would ask for what others are about to push. */
export const GOSSIP_RESUME = 100
/** Where it has no room for more: some of what came is proven by then. */
export const GOSSIP_RESUME_FULL = 500
/** For so long this node's own word is sent to peers unasked. Later a peer that does not know it says so. */
export const OWN_WORD_FRESH = 10_000
export const GOSSIP_TIMEOUT = 3_000
/**
 * Who has not answered a push within this is stood in for by another, and a word that was asked for and has not come is asked for from the next
 * who offers it: few paths take as long, where nothing is lost.
 */
export const GOSSIP_LATE = 400
/** P2PRC peers answer only after pinging everybody one after another (~6 requests a row, 30 s for a dead one). */
export const P2PRC_PERIOD = 30_000
export const P2PRC_TIMEOUT = 120_000
