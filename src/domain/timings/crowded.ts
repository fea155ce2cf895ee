// On a machine on which more wants to run than can (domain/crowded.ts).

/** Requests wait up to so many times as long for their answer. */
export const PATIENCE_MOST = 3
/**
 * Between two first looks at those that are listed: so long for each row, so that all nodes of a machine together make four a second however many they
 * are; and so long at the most.
 */
export const CROWDED_REST_A_ROW = 250
export const CROWDED_REST = 10_000
/** Whom too few vouch for waits so long for more. */
export const CROWDED_PATIENCE = 20_000
/** Who could vouch for such ones, and waits itself, is looked at after this. */
export const CROWDED_VOUCHER_PATIENCE = 2_500
/** Between two looks at those that too few vouch for. */
export const CROWDED_EARLY_REST = 2_000
/** Comparisons of tables are so much further apart, at the most. */
export const GOSSIP_REST_MOST = 2_000
/** While words come, nobody who is listed by them is looked at: the table comes first, and then how near they are. */
export const CALM_FOR = 4_000
/** What waits there is gone about this often. */
export const CROWDED_BEAT = 1_000
