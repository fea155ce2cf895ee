// This node's own services: when each is proven, and when it is tried again.

/** What is sent to a service's public address must come out at its local end within this. */
export const SERVICE_PROOF_TIMEOUT = 3_000
/**
 * A service that is not proven is tried again so long after the last try
 * began. Longer than `SERVICE_PROOF_TIMEOUT`: one try at a time.
 */
export const SERVICE_RETRY = 4_000
/**
 * A service that is up is proven anew after this, a quarter less or an eighth more, unless users came through just then. With two
 * tries of `SERVICE_PROOF_TIMEOUT` below 15 s, which is as old as the proof of a public address may be.
 */
export const SERVICE_RENEWAL = 7_000
/** No public address is told whose proof is older; with more services than `SERVICES_AT_FULL_RATE` it may be older in proportion. */
export const SERVICE_PROOF_COUNTS = 15_000
/** A user who came through so lately is as good as a proof. */
export const SERVICE_USER_PROVES = 1_000
/**
 * With more services than this at a TURN, each is renewed less often in proportion; with more that are not proven,
 * each is tried less often. So a hundred cost what ten do.
 */
export const SERVICES_AT_FULL_RATE = 10
/** A service that its TURN refused is asked for again after this, as stock frpc does. Its port or domain may be free by then. */
export const SERVICE_REFUSED_RETRY = 30_000
