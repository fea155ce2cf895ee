// What is kept on disk: how often it is written.

/** The table goes to disk at most this often. */
export const STORE_PERIOD = 1_000
/** Where nothing but figures have changed. */
export const STORE_PERIOD_CALM = 60_000
/** What the TURN keeps for its clients goes to disk at most this often. */
export const LEASES_PERIOD = 2_000
/** A write that failed is tried again after this: within a minute of a full disk's having room the file is true. */
export const STORE_RETRY = 20_000
