// Connections to services of other nodes.

/** A connection to another node's service is tried at that node's next address after this, or as soon as the one before fails. */
export const CONNECT_STAGGER = 250
/**
 * A channel on which an ask was answered so lately is taken to live: the next connection goes that way alone, with what its user says
 * right behind the ask. Short: where the path dies just then, these connections end with it.
 */
export const CONNECT_FRESH = 250
/** It is doubted where one of these asks waits for so long and nothing is answered meanwhile: later ones are tried elsewhere too. */
export const CONNECT_DOUBT = 50
/** One try at one address: the channel's round trips, and the answer of the local service there. */
export const CONNECT_TRY_TIMEOUT = 5_000
/** Where no address answers the table is looked at again after this: a node that moves is there within seconds. */
export const CONNECT_RETRY = 300
/** A user who connects waits so long in all. */
export const CONNECT_PATIENCE = 10_000
/** A user of a domain does: less than the 10 s after which the answer is 504. */
export const CARRY_PATIENCE = 8_000
/** A channel to another node without a connection on it is closed after this. */
export const CONNECT_IDLE = 60_000
/** A further address that could not be stood by at is tried again after this, once a connection goes to that node. */
export const CONNECT_STAND_BY_RETRY = 30_000
/** The asked end's own sign of life: silence of the asking one is noticed within the sum. */
export const CONNECT_KEEPALIVE = 20_000
export const CONNECT_SILENCE = 20_000
/** A stream that was opened says within this what it is for. */
export const CONNECT_ASK_TIMEOUT = 10_000
/** A flow of datagrams on which nothing passes ends after this. */
export const CONNECT_FLOW_IDLE = 60_000
/** Peers are asked for their services within this. */
export const SERVICES_TIMEOUT = 4_000
