// Whoever is only heard of: how many rows are kept of them, and how much is sent to them.

/** Rows that are only heard of, at the most. Anybody can tell any number. Who waits longest makes room. */
export const MOST_UNPROVEN = 1_000
/** Of these, told by one source: an IP address, or a peer where that says nothing. */
export const MOST_UNPROVEN_A_SOURCE = 64
/** Rows of P2PRC's kind, which nobody signs, proven ones among them. */
export const MOST_UNSIGNED = 256
/** A row that is only heard of is given up after this. Above `CONTACT_WINDOW`: whoever had to wait for others at its IP gets a turn. */
export const UNPROVEN_FOR = 15 * 60_000
/**
 * Within this it has had its turn, also where all others were before it (`PROBES_PER_SECOND_MOST`):
 * until then it makes room for its own kind only.
 */
export const UNPROVEN_TURN = 60_000
/**
 * Whoever is reached through a TURN that has proven nothing yet is asked
 * again after this, and itself once it was heard of for so long.
 */
export const TURN_FIRST_RETRY = 5_000
export const TURN_FIRST_FOR = 75_000
/** A row that could not be asked because of others at its IP is planned again after this. */
export const WITHHELD_RETRY = 120_000
/** Connections to one IP address that has not proven itself, in `CONTACT_WINDOW`, whoever asks for them; and bytes sent there. */
export const MOST_CONTACTS = 3
export const MOST_CONTACT_BYTES = 2_048
/** The same in a private network, where words come from members alone: a lab's machine may run many nodes. */
export const MOST_CONTACTS_MEMBERS = 64
export const MOST_CONTACT_BYTES_MEMBERS = 65_536
export const CONTACT_WINDOW = 600_000
/**
 * Of these, to one address: so long after the first the second, and so long after that the third. The last at an IP is so long after
 * the one before for whatever address. Who hears of addresses while the way there is cut must have a try left when it is whole again.
 */
export const LAST_CONTACT_GAP = 45_000
export const CONTACT_GAPS: readonly number[] = [5_000, LAST_CONTACT_GAP]
/** An answer that comes within this is a proof all the same, when who asked has given up. Nothing more is sent meanwhile. */
export const LATE_PROOF = 10_000
/** Whoever asks for a contact waits so long for what others at that IP come to. */
export const CONTACT_WAIT = 2_000
/** IP addresses that contacts are counted for. While all are taken nobody else that has proven nothing is contacted. */
export const MOST_CONTACT_IPS = 16_384
/** An address that proved itself is not counted for this long; so many of them, least recent first to go. */
export const PROOF_LASTS = 24 * 3_600_000
export const MOST_PROOFS = 8_192
