// The numbers of the node's life, each with its reason and its relation to the others. Milliseconds.

/** One burst of pings may take this long; below `PROBE_PERIOD`, so that a silent peer never meets its next turn. */
export const PROBE_TIMEOUT = 2_000
/** How often each peer is pinged in a small network. Longer when that would be more than `PROBES_PER_SECOND`. */
export const PROBE_PERIOD = 5_000
/** What pinging may cost this node in a table that it watches as a whole. */
export const PROBES_PER_SECOND = 4
/** A table of more rows is watched by all who have it together (SWIM's round): this node pings a few closely, and one a second of the others. */
export const WATCHED_WHOLE = 48
export const ROUND_PER_SECOND = 1
export const CLOSE_PERIOD = 10_000
/** The schedule's one tick. */
export const PROBE_TICK = 100
/** Bursts under way at once: enough that a few silent peers (each `PROBE_TIMEOUT`) delay nobody. */
export const PROBES_AT_ONCE = 16
/** Of these, for those that are only heard of: whoever is listed always finds places. */
export const PROBES_HEARD_AT_ONCE = 12
/** Rows that are only heard of, at the most. Anybody can tell any number. Who waits longest makes room. */
export const MOST_UNPROVEN = 1_000
/** Of these, told by one source: an IP address, or a peer where that says nothing. */
export const MOST_UNPROVEN_A_SOURCE = 64
/** Rows of P2PRC's kind, which nobody signs, proven ones among them. */
export const MOST_UNSIGNED = 256
/** A row that is only heard of is given up after this. Above `CONTACT_WINDOW`: whoever had to wait for others at its IP gets a turn. */
export const UNPROVEN_FOR = 15 * 60_000
/** Within this it has had its turn, also where all others were before it (`PROBES_PER_SECOND_MOST`): until then it makes room for its own kind only. */
export const UNPROVEN_TURN = 60_000
/** Whoever is reached through a TURN that has proven nothing yet is asked again after this, and itself once it was heard of for so long. */
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
/** An answer that comes within this is a proof all the same, when who asked has given up. Nothing more is sent meanwhile. */
export const LATE_PROOF = 10_000
/**
 * Of these, to one address: so long after the first the second, and so long after that the third. The last at an IP is so long after
 * the one before for whatever address. Who hears of addresses while the way there is cut must have a try left when it is whole again.
 */
export const LAST_CONTACT_GAP = 45_000
export const CONTACT_GAPS: readonly number[] = [5_000, LAST_CONTACT_GAP]
/** Whoever asks for a contact waits so long for what others at that IP come to. */
export const CONTACT_WAIT = 2_000
/** IP addresses that contacts are counted for. While all are taken nobody else that has proven nothing is contacted. */
export const MOST_CONTACT_IPS = 16_384
/** An address that proved itself is not counted for this long; so many of them, least recent first to go. */
export const PROOF_LASTS = 24 * 3_600_000
export const MOST_PROOFS = 8_192
/** Pings of all kinds: so many may begin at once (everybody in a network of people's own machines), and then so many a second. */
export const PROBE_BURST = 256
export const PROBES_PER_SECOND_MOST = 32
/** The same address is not pinged twice within this: the first answer counts for both who wanted it. */
export const PROBE_GAP = 150
/** So many silent peers, with no answer from anybody since, and more than half of all: this node's own link is in doubt. */
export const ISOLATED_PEERS = 3
/** So many are enough in a table of any size: half of a large one is not asked before the first of them would be removed. */
export const ISOLATED_PEERS_ANY = 8
/** While it is, everybody is asked this often, so that the table is whole again soon after the link is. */
export const ISOLATED_RETRY = 500
/** So many of them a second at the most: the first that answers has all the others asked at once. */
export const ISOLATED_PER_SECOND = 8
/** Failed bursts in a row until a row is removed: one lost packet forgets nobody. */
export const STRIKES_TO_REMOVE = 3
/** … until one goes that enough others have signed to be dead: time for its own word to come round. */
export const STRIKES_IF_TOLD = 2
/** A suspect is asked again after this; after a refusal, which is a fact and not a loss, sooner. */
export const SUSPECT_RETRY = 1_000
export const REFUSED_RETRY = 300
/** So many others are asked to look for themselves at a peer that this node missed (SWIM's k). */
export const LOOKERS = 3
/** They answer within this: their own look takes `PROBE_TIMEOUT` at the most. */
export const LOOK_TIMEOUT = 3_000
/** Rounds of such asks: so many at once, and then so many a second. Beyond that this node's own next look comes first. */
export const LOOK_ROUNDS_BURST = 8
export const LOOK_ROUNDS_PER_SECOND = 2
/** Looks made for one asker: so many at once, and then so many a second. */
export const LOOKS_FOR_ONE_BURST = 32
export const LOOKS_FOR_ONE_PER_SECOND = 4
/** A suspect goes after this at the earliest; longer by the logarithm of the network's size. Of the order of `STRIKES_TO_REMOVE` looks. */
export const SUSPICION_LEAST = 2_000
/** So many times as long while nobody else has missed it. */
export const SUSPICION_STRETCH = 3
/** What others signed about a dead peer counts for this long, by this node's clock. */
export const WITNESS_COUNTS = 10 * 60_000
/** Whom others reach and this node does not, it tries itself after 1 s, then twice that, and so on to this. */
export const REACHED_BY_OTHERS_LAST = 15_000
/** This node's own word that it lives, against a suspicion, is said at most this often. */
export const REFUTE_GAP = 10_000
/** So many have to vouch for a node that is listed by their word. */
export const VOUCHES_NEEDED = 2
/** A vouch counts for this long, by the clock of who reads it; a record whose vouches are half as old is said anew. */
export const VOUCH_COUNTS = 24 * 3_600_000
/** So far the clock of who vouched may be ahead. */
export const VOUCH_SKEW = 10 * 60_000
/** Rows listed by others' word alone, at the most. Beyond that each is looked at before it is listed. */
export const MOST_TOLD = 16_384
/**
 * First looks at those that somebody vouches for: in a small table so many at once, before they are listed, and then so many a second. Listed
 * ones beyond that are looked at by `FIRST_LOOKS_AT_ONCE`, then as often as all others are in turn.
 */
export const EARLY_LOOKS_AT_ONCE = 12
export const EARLY_LOOKS_PER_SECOND = 16
/** Whom too few vouch for waits so long for more before it is looked at. */
export const EARLY_PATIENCE = 1_000
export const FIRST_LOOKS_AT_ONCE = 8
/** Servers that are away are shown as offline for this long. */
export const OFFLINE_FOR = 24 * 3_600_000
/** Removed rows remembered; the oldest makes room. */
export const MOST_GONE = 4_096
/** A row of the file that never answered in this run is given up when it was silent for this long while others answered. */
export const STORED_FOR = 24 * 3_600_000
/** From one ping of it to the next; more than this of wall time between: the machine slept or its clock was set, and nobody was silent. */
export const STORED_GAP = 2 * 3_600_000
/** It is asked again after 1 s, then twice that, and so on to this; after the first hour to `STORED_RETRY_LATE`. */
export const STORED_RETRY_LAST = 10_000
export const STORED_RETRY_LATE = 300_000
export const STORED_EAGER_FOR = 3_600_000
/** An address that turned out to be this node's own is not looked at again for this long. It may be somebody else's one day. */
export const MINE_FOR = 3_600_000
export const MOST_MINE = 64
/** A removed row is not believed again for this long, unless its owner says something newer or speaks to us itself. */
export const GONE_FOR = 60_000
/** A removed row is tried again by ourselves this often, so that a healed partition finds itself. */
export const REVISIT_FIRST = 5_000
export const REVISIT_LAST = 30_000
export const REVISIT_FOR = 3_600_000

/** Changes are gathered this long before they are pushed on: several of one instant become one message. */
export const GOSSIP_GATHER = 15
/** To how many peers a change is pushed at once. */
export const GOSSIP_FANOUT = 4
/** It is offered again after this, to so many others, and so on (`pushesFor`). */
export const GOSSIP_PUSH_AGAIN = 300
export const GOSSIP_FANOUT_AGAIN = 3
/** Rounds of pushes a second, while there is always news. */
export const GOSSIP_PUSHES_PER_SECOND = 10
/** One exchange with a random peer this often heals what pushes missed. While nothing differs it becomes rarer, up to `GOSSIP_PERIOD_CALM`. */
export const GOSSIP_PERIOD = 2_000
export const GOSSIP_PERIOD_CALM = 8_000
/** A node that has just started begins with this, and goes on with it while something differs, half as long again each time where nothing does: those that start together learn of each other. */
export const GOSSIP_PERIOD_FIRST = 150
/** Who had no room for all that a peer has asks it again after this: some of what came is proven by then. */
export const GOSSIP_RESUME = 500
/** Of this node's own word peers are told unasked for so long. Later they say so where they do not know it. */
export const OWN_WORD_FRESH = 10_000
export const GOSSIP_TIMEOUT = 3_000
/** P2PRC peers answer only after pinging everybody one after another (~6 requests a row, 30 s for a dead one). */
export const P2PRC_PERIOD = 30_000
export const P2PRC_TIMEOUT = 120_000

/** Seeds are tried again with full jitter between these; never given up. */
export const SEED_RETRY_FIRST = 60
export const SEED_RETRY_LAST = 15_000
export const HELLO_TIMEOUT = 4_000
/** What a hello proved says nothing any more after this, as when the process stood still meanwhile: above it and an exchange together. */
export const HELLO_FRESH = 10_000
/** A person is told of a seed that has not answered by then. */
export const SEED_PATIENCE = 1_500
/** A dial back to the one who asks; below `HELLO_TIMEOUT`, since it happens inside its answer. */
export const DIAL_BACK_TIMEOUT = 2_000
/** How this node is reached is checked again this often, and sooner while it is not known. */
export const REACH_PERIOD = 20_000
export const REACH_PERIOD_UNKNOWN = 2_000

/** Peers asked at once to connect back. */
export const ASKED_AT_ONCE = 2
/** How often this machine's own addresses are looked at: what follows from a new one follows within 5 s. */
export const ADDRESS_WATCH = 1_000

/** A second process with this node's key is looked for again this often, until it is gone. */
export const TWIN_RECHECK = 30_000

/** A node's coordinate is in its signed word from then on, and a later one at most this often: every word goes to everybody. */
export const PLACE_FIRST = 60_000
export const PLACE_PERIOD = 600_000

/** How long discovery may wait for seeds' tables before probing starts with what is there. */
export const DISCOVER_TIMEOUT = 5_000
/** How long the first round of pings may hold up the choice. Above `PROBE_TIMEOUT`: one silent peer must not decide. */
export const FIRST_PROBES_TIMEOUT = 2_500

/** From dialling a TURN until its address is proven. */
export const TUNNEL_OPEN_TIMEOUT = 8_000
/** A TURN whose tunnel broke off has this long to take the login again; the next one is looked for then. A few round trips. */
export const RETURN_TIMEOUT = 1_500
/**
 * A TURN that failed once is not chosen again for this long, unless there is no other: longer than most cuts, and short enough that a node
 * has all its tunnels 10 s after a fault ended.
 */
export const TURN_BAR_FIRST = 8_000
/** One that failed more than once in a row, for this long. A tunnel that stood this long begins anew. */
export const TURN_BAR = 15_000
/** The best TURN has this long before a tunnel to the next is begun as well: a handful of round trips. */
export const TURN_HEAD_START = 1_000
/** The only TURN there is, having failed once, is tried again after this … */
export const TURN_AGAIN_SOON = 200
/** … and having failed more often after this, then twice that, and so on, with jitter. */
export const TURN_AGAIN_FIRST = 2_000
/** From one try to the next of those that failed, whoever they are: at most two a second. */
export const TURN_AGAIN_GAP = 500
export const TURN_AGAIN_LAST = 60_000
/** From one move that nothing forced to the next. */
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
/** One try of it, below `TUNNEL_PROOF_TIMEOUT`: that it takes long says something too. */
export const TUNNEL_RENEWAL_TIMEOUT = 3_000
/** One that fails is tried again after this; failed so often in a row, the address is withdrawn, and tried for `TUNNEL_OPEN_TIMEOUT` more. */
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

/** One way of a speed test lasts at most this long, over so many connections at once, and each carries at most this much. */
export const SPEED_MAX_MS = 3_800
export const SPEED_STREAMS = 4
export const SPEED_STREAM_BYTES = 16 * 1024 * 1024
/** How long one stream is watched where it matters what one connection keeps up. */
export const SUSTAINED_MS = 2_000
/** All of a test, both ways and its connections' handshakes; whoever serves it ends it then. */
export const SPEED_TEST_MS = 10_000
/** Whoever serves a test of which nothing is under way for so long takes it for over. Above any path's round trip. */
export const SPEED_PAUSE_MS = 2_000
/** No test begins before the table has been the same for this long. */
export const SPEED_CALM = 1_000
/** A node that carries more than this, all services and both ways together (a megabit), is busy: it begins no speed test by itself. */
export const SPEED_BUSY_BYTES_PER_SECOND = 125_000
/** Figures of those that may become this node's TURN are measured again after this; of all others after `SPEED_STALE_OTHERS`. */
export const SPEED_STALE = 6 * 3_600_000
export const SPEED_STALE_OTHERS = 24 * 3_600_000
/** A test that failed is tried again after this. */
export const SPEED_RETRY = 30 * 60_000

/** The table goes to disk at most this often. */
export const STORE_PERIOD = 1_000
/** Where nothing but figures have changed. */
export const STORE_PERIOD_CALM = 60_000
/** What the TURN keeps for its clients goes to disk at most this often. */
export const LEASES_PERIOD = 2_000
/** A write that failed is tried again after this: within a minute of a full disk's having room the file is true. */
export const STORE_RETRY = 20_000

/** Sent to a service's public address, it must have come out at its local end within this. */
export const SERVICE_PROOF_TIMEOUT = 3_000
/** A service that is not proven is tried again after this, from the last try on. Above `SERVICE_PROOF_TIMEOUT`: one try at once. */
export const SERVICE_RETRY = 4_000
/**
 * A service that is up is proven anew after this, a quarter less or an eighth more, unless users came through just then. With two
 * tries of `SERVICE_PROOF_TIMEOUT` below 15 s, which is as old as the proof of a public address may be.
 */
export const SERVICE_RENEWAL = 7_000
/** No public address is told by an older proof; of more services than `SERVICES_AT_FULL_RATE` by one that is older in proportion. */
export const SERVICE_PROOF_COUNTS = 15_000
/** A user who came through so lately is as good as a proof. */
export const SERVICE_USER_PROVES = 1_000
/** With more services than this at a TURN each is renewed less often in proportion, and with more that are not proven each is tried less often: a hundred cost what ten do. */
export const SERVICES_AT_FULL_RATE = 10
/** A service that its TURN refused is asked for again after this, as stock frpc does: its port or domain may have become free. */
export const SERVICE_REFUSED_RETRY = 30_000

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
/** The asked end's own sign of life: silence of the asking one is noticed within the sum. */
export const CONNECT_KEEPALIVE = 20_000
export const CONNECT_SILENCE = 20_000
/** A stream that was opened says within this what it is for. */
export const CONNECT_ASK_TIMEOUT = 10_000
/** A flow of datagrams on which nothing passes ends after this. */
export const CONNECT_FLOW_IDLE = 60_000
/** Peers are asked for their services within this. */
export const SERVICES_TIMEOUT = 4_000
