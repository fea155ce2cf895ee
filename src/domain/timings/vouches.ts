// Vouches: what they are worth, and how soon those who are vouched for are looked at.

/** So many have to vouch for a node that is listed by their word. */
export const VOUCHES_NEEDED = 2
/** In a table of so many rows a node asks for as many, and is listed by them. Of fewer everybody meets everybody. */
export const VOUCHED_FROM = 3
/** Vouches that are no older say more than that this node has missed the one they are for. */
export const VOUCH_NEW = 60_000
/** A vouch counts for this long, by the clock of who reads it; a record whose vouches are half as old is said anew. */
export const VOUCH_COUNTS = 24 * 3_600_000
/** So far the clock of who vouched may be ahead. */
export const VOUCH_SKEW = 10 * 60_000
/** Rows listed by others' word alone, at the most. Beyond that each is looked at before it is listed. */
export const MOST_TOLD = 16_384
/**
 * First looks at those that somebody vouches for: in a small table so many at once, before they are listed, and then so many a second. Listed
 * ones beyond that are looked at by `FIRST_LOOKS_AT_ONCE`, and then, in a large table, `FIRST_LOOKS_PER_SECOND`.
 */
export const EARLY_LOOKS_AT_ONCE = 12
export const EARLY_LOOKS_PER_SECOND = 16
/** Whom too few vouch for waits so long for more before it is looked at. */
export const EARLY_PATIENCE = 1_000
export const FIRST_LOOKS_AT_ONCE = 8
export const FIRST_LOOKS_PER_SECOND = 1
