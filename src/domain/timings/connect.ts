// Connections to services of other nodes.

/** A connection to another node's service is tried at that node's next address after this, or as soon as the try before fails. */
export const CONNECT_STAGGER = 250
/**
 * A channel on which an ask was answered so lately is believed to be alive. The next connection goes that way alone, and what its user
 * says follows the ask at once. Short, since these connections end if the path dies just then.
 */
export const CONNECT_FRESH = 250
/** The channel is doubted when such an ask has waited for so long without any answer on it. Later asks are then tried elsewhere too. */
export const CONNECT_DOUBT = 50
/** One try at one address: the channel's round trips, and the answer of the local service there. */
export const CONNECT_TRY_TIMEOUT = 5_000
/** Where no address answers, the table is looked at again after this: a node that moves is listed at its new address within seconds. */
export const CONNECT_RETRY = 300
/** A user who connects waits so long at most. */
export const CONNECT_PATIENCE = 10_000
/** A user of a domain waits so long at most: less than the 10 s after which the answer is 504. */
export const CARRY_PATIENCE = 8_000
/** A channel to another node without a connection on it is closed after this. */
export const CONNECT_IDLE = 60_000
/** A further address that could not be stood by at is tried again after this, once a connection goes to that node. */
export const CONNECT_STAND_BY_RETRY = 5_000
/** How often the asked end pings; it notices that the other one is silent within the sum of both. */
export const CONNECT_KEEPALIVE = 20_000
export const CONNECT_SILENCE = 20_000
/** A stream that was opened says within this what it is for. */
export const CONNECT_ASK_TIMEOUT = 10_000
/** A flow of datagrams on which nothing passes ends after this. */
export const CONNECT_FLOW_IDLE = 60_000
/** Peers are asked for their services within this. */
export const SERVICES_TIMEOUT = 4_000
/** A handshake that takes this long has another one begun beside it. Few paths take as long, and TCP sends a lost SYN again after a second. */
export const FURTHER_DIALS: readonly number[] = [400, 800]
