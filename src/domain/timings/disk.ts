// What is kept on disk: how often it is written.

/** The table goes to disk at most this often. */
export const STORE_PERIOD = 1_000
/** Where only figures have changed. */
export const STORE_PERIOD_CALM = 60_000
/** What the TURN keeps for its clients goes to disk at most this often. */
export const LEASES_PERIOD = 2_000
/** What speed tests have used goes to disk at most this often. */
export const SPENDING_PERIOD = 5_000
/** A write that failed is tried again after this: once a full disk has room again, the file is right within a minute. */
export const STORE_RETRY = 20_000
