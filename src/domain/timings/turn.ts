// TURNs: choosing one, holding a tunnel to it, proving that it works, and stock frps beside them.

/** From dialling a TURN until its address is proven. */
export const TUNNEL_OPEN_TIMEOUT = 8_000
/**
 * A TURN whose tunnel broke off has this long to accept the login again,
 * which is a few round trips. Then the next one is looked for.
 */
export const RETURN_TIMEOUT = 1_500
/**
 * A TURN that failed once is not chosen again for this long, unless there is no other: longer than most cuts, and short enough
 * that a node has all its tunnels 10 s after a fault ended.
 */
export const TURN_BAR_FIRST = 8_000
/** After more than one failure in a row, for this long. Once a tunnel has stood this long, failures before it are forgotten. */
export const TURN_BAR = 15_000
/** The best TURN has this head start, a handful of round trips, before a tunnel to the next one is begun as well. */
export const TURN_HEAD_START = 1_000
/** The only TURN that there is is tried again after this, when it has failed once … */
export const TURN_AGAIN_SOON = 200
/** … and when it has failed more often after this, then after twice that, and so on, with jitter. */
export const TURN_AGAIN_FIRST = 2_000
/** Between two tries of TURNs that failed, whichever they are: at most two a second. */
export const TURN_AGAIN_GAP = 500
export const TURN_AGAIN_LAST = 60_000
/** Between two moves to another TURN that nothing forced. */
export const TURN_MOVE_GAP = 60_000
/** Connections of users on a tunnel that was moved away from have this long to end, unless a person says otherwise. */
export const PATIENCE = 600_000
/** It is kept at least this long: whoever was told of the old address has heard of the new one by then. */
export const RETIRE_GRACE = 10_000
/**
 * Sign of life on a tunnel; silence is noticed within the sum, below 5 s. For stock TURNs too: their mux answers a ping as soon
 * as it has read it, and any byte counts as an answer.
 */
export const TUNNEL_KEEPALIVE = 2_000
export const TUNNEL_SILENCE = 2_500
/** One proof through a tunnel: four round trips of a new channel, each over the path to the TURN twice. */
export const TUNNEL_PROOF_TIMEOUT = 6_000
/**
 * That this node is reached through its TURN is proven anew this often, give or take a sixteenth. An announced address has a proof
 * that is no older than 15 s: the longest period and all its tries are less.
 */
export const TUNNEL_RENEWAL = 8_000
/**
 * That it is this node which answers there, over the members' channel, is proven anew this often; in between a knock is enough, which
 * costs a fifth (actors/turn/knocks.ts). One that fails is followed by such a proof within the same time.
 */
export const TUNNEL_FULL_RENEWAL = 60_000
/** A TURN through which a knock failed is not knocked at for this long: something between may pass TLS alone. */
export const KNOCK_AGAIN = 600_000
/** No address is announced by an older proof. */
export const TUNNEL_PROOF_COUNTS = 15_000
/** One try to renew it, shorter than `TUNNEL_PROOF_TIMEOUT`: an answer that takes so long is no good sign either. */
export const TUNNEL_RENEWAL_TIMEOUT = 3_000
/**
 * A proof that fails is tried again after this. After so many failures in a row the address is withdrawn, and
 * tried for `TUNNEL_OPEN_TIMEOUT` more.
 */
export const TUNNEL_RENEWAL_RETRY = 250
export const TUNNEL_RENEWAL_TRIES = 2
/** A better TURN is looked for this often. */
export const TURN_REVIEW = 10_000
/** A stock frps that is not in use is asked for its round trip this often while the node has a TURN: a login each time. */
export const EXTERNAL_PERIOD = 60_000
/** One such login, from the dial on: three round trips, and pings. */
export const EXTERNAL_TIMEOUT = 5_000
/** A stock frps that refused a login is asked again after this, then twice that, and so on, give or take a quarter. */
export const REFUSAL_FIRST = 15_000
export const REFUSAL_LAST = 600_000
/** A client of this node's TURN has this long to log in. */
export const LOGIN_TIMEOUT = 10_000
