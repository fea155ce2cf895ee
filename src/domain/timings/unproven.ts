// Whoever is only heard of: how many rows are kept of them, and how much is sent to them.

/** At most so many rows are only heard of, since anybody can tell of any number. The one that waits longest makes room. */
export const MOST_UNPROVEN = 1_000
/** Of these, told by one source: an IP address, or a peer where that says nothing. */
export const MOST_UNPROVEN_A_SOURCE = 64
/** Rows of P2PRC's kind, which nobody signs, proven ones among them. */
export const MOST_UNSIGNED = 256
/** A row that is only heard of is given up after this. Above `CONTACT_WINDOW`: whoever had to wait for others at its IP gets a turn. */
export const UNPROVEN_FOR = 15 * 60_000
/**
 * Such a row has been pinged within this time, even if all others were before it (`PROBES_PER_SECOND_MOST`).
 * Until then it makes room only for a node that speaks for itself.
 */
export const UNPROVEN_TURN = 60_000
/**
 * A node behind a TURN that has proven nothing yet: the TURN comes first, and the node is looked at again after
 * `TURN_FIRST_RETRY`. Once it was heard of `TURN_FIRST_FOR` ago, it is asked all the same.
 */
export const TURN_FIRST_RETRY = 5_000
export const TURN_FIRST_FOR = 75_000
/** A row that could not be asked because of others at its IP is planned again after this. */
export const WITHHELD_RETRY = 120_000
/** To one IP address that has not proven itself: so many connections and bytes in `CONTACT_WINDOW`, whoever asks for them. */
export const MOST_CONTACTS = 3
export const MOST_CONTACT_BYTES = 2_048
/** The same in a private network, where words come from members alone: a lab's machine may run many nodes. */
export const MOST_CONTACTS_MEMBERS = 64
export const MOST_CONTACT_BYTES_MEMBERS = 65_536
export const CONTACT_WINDOW = 600_000
/** At one IP address so often what was tried in vain at an address counts no more, because something new speaks for it. */
export const TRIED_ANEW_GAP = 60_000
/**
 * Between these connections, to one address: so long from the first to the second, and from the second to the third. The last one to
 * an IP address comes `LAST_CONTACT_GAP` after the one before, whatever the port. So a try is left when a path that was cut is whole
 * again.
 */
export const LAST_CONTACT_GAP = 45_000
export const CONTACT_GAPS: readonly number[] = [5_000, LAST_CONTACT_GAP]
/** An answer that comes within this is still a proof, although the asker has given up. Nothing more is sent meanwhile. */
export const LATE_PROOF = 10_000
/** A contact waits so long for the outcome of others to the same IP address. */
export const CONTACT_WAIT = 2_000
/** Contacts are counted for so many IP addresses. While all places are taken, no further address without a proof is contacted. */
export const MOST_CONTACT_IPS = 16_384
/** Contacts to an address that proved itself are not counted for this long. So many are remembered; the oldest proof goes first. */
export const PROOF_LASTS = 24 * 3_600_000
export const MOST_PROOFS = 8_192
